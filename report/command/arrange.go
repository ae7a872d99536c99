package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"doctor/checks"
)

// arrange brings a command line into the one form that urfave/cli takes as it was meant: the command, its flags with
// their values, "--", the arguments. Left to itself it ignores a flag that stands after an argument, looks a flag up on
// the level where it happens to stand, runs the root's action for a mistyped command, and panics at a flag's second "-v".
func arrange(app *cli.App, args []string) ([]string, error) {
	line := commandLine{app: app, values: map[string]string{}}
	err := line.read(args)
	// A flag may be a switch of one command and have a value in another: which it is is known once the command is.
	if named := line.named(args); named != nil {
		line = commandLine{app: app, command: named, values: map[string]string{}}
		err = line.read(args)
	}
	if err != nil {
		return nil, err
	}
	return line.form()
}

// commandLine is a command line taken apart.
type commandLine struct {
	app     *cli.App
	command *cli.Command      // nil where it is not known yet, or none
	words   []string          // the command and its arguments
	flags   []string          // as --name=value, in the order given
	values  map[string]string // by name, of the flags that can be given once
}

// named is the command that the first word names, also where nothing could be read up to it; nil where it names none.
func (l *commandLine) named(args []string) *cli.Command {
	for _, word := range append(l.words, args...) {
		if c := l.app.Command(word); c != nil || len(l.words) > 0 {
			return c
		}
	}
	return nil
}

func (l *commandLine) read(args []string) error {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			l.words = append(l.words, args[i+1:]...)
			return nil
		case len(arg) < 2 || arg[0] != '-':
			l.words = append(l.words, arg)
			continue
		}
		name, value, valued := strings.Cut(arg, "=")
		flag := l.flag(name)
		if flag == nil {
			return fmt.Errorf("unknown flag %q%s", name, meant(name, l.flagNames(), "doctor --help"))
		}
		if meant, may := impliedBy(flag, args[i+1:]); may && !valued {
			value = meant
		} else if !valued && takesValue(flag) {
			if i++; i == len(args) || l.flag(args[i]) != nil {
				return fmt.Errorf("flag %s needs a value", name)
			}
			value = args[i]
		}
		if err := l.set(flag, value, valued); err != nil {
			return err
		}
	}
	return nil
}

// set takes one flag in. A second one with the same value says nothing new; with another value it cannot be meant.
func (l *commandLine) set(flag cli.Flag, value string, valued bool) error {
	name := flag.Names()[0]
	if !takesValue(flag) {
		on, err := strconv.ParseBool(value)
		if valued && err != nil {
			return fmt.Errorf("flag --%s is on or off and takes no %q", name, value)
		}
		value = strconv.FormatBool(on || !valued)
	}
	if !repeatable(flag) {
		if before, given := l.values[name]; given && before == value {
			return nil
		} else if given {
			return fmt.Errorf("flag --%s is given twice, as %q and as %q", name, before, value)
		}
		l.values[name] = value
	}
	l.flags = append(l.flags, "--"+name+"="+value)
	return nil
}

// form puts the parts together for urfave/cli.
func (l *commandLine) form() ([]string, error) {
	if len(l.words) > 0 && l.words[0] == "help" {
		l.words = l.words[1:]
		l.flags = append(l.flags, "--help")
		l.values["help"] = "true"
	}
	if len(l.words) == 0 {
		switch {
		case l.values["help"] == "true":
			return []string{"doctor", "--help"}, nil
		case l.values["version"] == "true":
			l.words = []string{"version"}
		default:
			l.words = []string{"check"}
		}
	}
	name, arguments := l.words[0], l.words[1:]
	command := l.app.Command(name)
	if command == nil {
		return nil, fmt.Errorf("unknown command %q%s", name, l.meantCommand(name))
	}
	if l.values["help"] == "true" { // urfave/cli would take an argument for the name of a command to explain
		return []string{"doctor", name, "--help"}, nil
	}
	for _, flag := range l.flags {
		flag, _, _ := strings.Cut(flag, "=")
		if !has(command.Flags, flag) {
			return nil, fmt.Errorf("flag %s belongs to doctor %s, not to doctor %s", flag, strings.Join(l.ownersOf(flag), " and "), name)
		}
	}
	if len(arguments) > 0 && command.ArgsUsage == "" {
		return nil, fmt.Errorf("doctor %s takes no argument, but got %q", name, arguments[0])
	}
	return slices.Concat([]string{"doctor", name}, l.flags, []string{"--"}, arguments), nil
}

// meantCommand is a hint at the command that was meant. A code stands for its explanation.
func (l *commandLine) meantCommand(name string) string {
	if code := checks.Code(strings.ToUpper(name)); code.Info().Code != "" {
		return fmt.Sprintf("; did you mean doctor explain %s?", code)
	}
	var names []string
	for _, c := range l.app.Commands {
		names = append(names, c.Name)
	}
	return meant(name, names, "doctor --help")
}

// flag finds a flag of the command, else of any, by its name with one dash or two.
func (l *commandLine) flag(dashed string) cli.Flag {
	name, _, _ := strings.Cut(dashed, "=")
	commands := l.app.Commands
	if l.command != nil {
		commands = append([]*cli.Command{l.command}, commands...)
	}
	for _, c := range commands {
		for _, flag := range c.Flags {
			if has([]cli.Flag{flag}, name) {
				return flag
			}
		}
	}
	return nil
}

// has reports whether a dashed name is that of one of the flags.
func has(flags []cli.Flag, dashed string) bool {
	name, double := strings.CutPrefix(dashed, "--")
	if !double {
		name, _ = strings.CutPrefix(dashed, "-")
	}
	return name != dashed && slices.ContainsFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}

func (l *commandLine) ownersOf(dashed string) []string {
	var owners []string
	for _, c := range l.app.Commands {
		if has(c.Flags, dashed) {
			owners = append(owners, c.Name)
		}
	}
	return owners
}

func (l *commandLine) flagNames() []string {
	var names []string
	for _, c := range l.app.Commands {
		for _, flag := range c.Flags {
			names = append(names, "--"+flag.Names()[0])
		}
	}
	return names
}

func takesValue(f cli.Flag) bool {
	documented, ok := f.(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}

// impliedBy is the value of a flag that may stand without one, and does: what follows it is no value of it.
func impliedBy(f cli.Flag, following []string) (value string, implied bool) {
	generic, ok := f.(*cli.GenericFlag)
	if !ok {
		return "", false
	}
	c, ok := generic.Value.(*choice)
	if !ok || c.plain == "" || len(following) > 0 && slices.Contains(c.among, following[0]) {
		return "", false
	}
	return c.plain, true
}

func repeatable(f cli.Flag) bool {
	generic, ok := f.(*cli.GenericFlag)
	if !ok {
		return false
	}
	switch generic.Value.(type) {
	case *many, *whole:
		return true
	}
	return false
}
