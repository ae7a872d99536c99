package command

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// completeBash needs no more than bash itself: the package bash-completion is not everywhere.
func completeBash(w io.Writer, v vocabulary) error {
	var b strings.Builder
	b.WriteString("# bash completion of doctor\n_doctor() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n")
	fmt.Fprintf(&b, "\tlocal commands=\" %s \"\n", strings.Join(v.names(), " "))
	b.WriteString("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\t[[ $commands == *\" ${COMP_WORDS[i]} \"* ]] && command=${COMP_WORDS[i]} && break\n\tdone\n")
	b.WriteString("\tcase \"${command:-check} $before\" in\n")
	for _, f := range v.common {
		bashValue(&b, "*", f)
	}
	for _, c := range v.commands {
		for _, f := range c.flags {
			bashValue(&b, c.name, f)
		}
	}
	b.WriteString("\tesac\n\tcase $command in\n")
	fmt.Fprintf(&b, "\t'') COMPREPLY=($(compgen -W \"%s %s\" -- \"$word\")) ;;\n", strings.Join(v.names(), " "), strings.Join(dashed(slices.Concat(v.commands[0].flags, v.common)), " ")) // those of check
	for _, c := range v.commands {
		words := strings.Join(append(append(c.arguments, dashed(c.flags)...), dashed(v.common)...), " ")
		fmt.Fprintf(&b, "\t%s) COMPREPLY=($(compgen -W \"%s\" -- \"$word\"))", c.name, words)
		if c.files {
			b.WriteString("; [[ $word == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- \"$word\")); }")
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("\tesac\n}\ncomplete -F _doctor doctor\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// bashValue completes the value of a flag of a command.
func bashValue(b *strings.Builder, command string, f spelling) {
	at := command + `" ` + f.dashed() + `"`
	if command != "*" {
		at = `"` + command + ` ` + f.dashed() + `"`
	}
	switch {
	case len(f.among) > 0:
		fmt.Fprintf(b, "\t%s) COMPREPLY=($(compgen -W \"%s\" -- \"$word\")); return ;;\n", at, strings.Join(f.among, " "))
	case f.files:
		fmt.Fprintf(b, "\t%s) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", at)
	case f.value:
		fmt.Fprintf(b, "\t%s) return ;;\n", at)
	}
}

// completeZsh describes the words with what they mean.
func completeZsh(w io.Writer, v vocabulary) error {
	var b strings.Builder
	b.WriteString("#compdef doctor\n_doctor() {\n\tlocal context state state_descr line\n\ttypeset -A opt_args\n\tlocal -a common=(\n")
	for _, f := range v.common {
		b.WriteString("\t\t" + zshFlag(f) + "\n")
	}
	b.WriteString("\t)\n\tlocal -a commands=(\n")
	for _, c := range v.commands {
		fmt.Fprintf(&b, "\t\t%s\n", quote(c.name+":"+c.usage))
	}
	b.WriteString("\t)\n\tlocal word command\n\tfor word in ${words[2,CURRENT-1]}; do\n\t\t(( ${commands[(I)$word:*]} )) && command=$word && break\n\tdone\n\tcase $command in\n")
	b.WriteString("\t'') _arguments -s $common")
	for _, f := range v.commands[0].flags { // which is meant where none is named
		b.WriteString(" " + zshFlag(f))
	}
	b.WriteString(" '1:command:{_describe command commands}' ;;\n")
	for _, c := range v.commands {
		fmt.Fprintf(&b, "\t%s) _arguments -s $common", c.name)
		for _, f := range c.flags {
			b.WriteString(" " + zshFlag(f))
		}
		b.WriteString(" '1:command:'")
		switch {
		case len(c.arguments) > 0:
			b.WriteString(" " + quote("*:argument:("+strings.Join(c.arguments, " ")+")"))
		case c.files:
			b.WriteString(" '*:file:_files'")
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("\tesac\n}\nif [[ $funcstack[1] == _doctor ]]; then _doctor \"$@\"; else compdef _doctor doctor; fi\n")
	_, err := io.WriteString(w, b.String())
	return err
}

var zshEscapes = strings.NewReplacer("[", "\\[", "]", "\\]", ":", "\\:")

func zshFlag(f spelling) string {
	said := f.dashed() + "[" + zshEscapes.Replace(f.usage) + "]"
	switch {
	case len(f.among) > 0:
		said += ":value:(" + strings.Join(f.among, " ") + ")"
	case f.files:
		said += ":file:_files"
	case f.value:
		said += ":value:"
	}
	return quote(said)
}

// completeFish describes the words with what they mean, too.
func completeFish(w io.Writer, v vocabulary) error {
	var b strings.Builder
	b.WriteString("# fish completion of doctor\ncomplete -c doctor -f\n")
	for _, f := range v.common {
		b.WriteString(fishFlag(f, "") + "\n")
	}
	none := "not __fish_seen_subcommand_from " + strings.Join(v.names(), " ")
	for _, c := range v.commands {
		fmt.Fprintf(&b, "complete -c doctor -n %s -a %s -d %s\n", quote(none), c.name, quote(c.usage))
		when := "__fish_seen_subcommand_from " + c.name
		if c.name == v.commands[0].name { // which is meant where none is named
			when = "not __fish_seen_subcommand_from " + strings.Join(v.names()[1:], " ")
		}
		for _, f := range c.flags {
			b.WriteString(fishFlag(f, when) + "\n")
		}
		switch {
		case len(c.arguments) > 0:
			fmt.Fprintf(&b, "complete -c doctor -n %s -a %s\n", quote(when), quote(strings.Join(c.arguments, " ")))
		case c.files:
			fmt.Fprintf(&b, "complete -c doctor -n %s -F\n", quote(when))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fishFlag(f spelling, when string) string {
	line := "complete -c doctor"
	if when != "" {
		line += " -n " + quote(when)
	}
	if len(f.name) == 1 {
		line += " -s " + f.name
	} else {
		line += " -l " + f.name
	}
	switch {
	case len(f.among) > 0:
		line += " -x -a " + quote(strings.Join(f.among, " "))
	case f.files:
		line += " -r -F"
	case f.value:
		line += " -x"
	}
	return line + " -d " + quote(f.usage)
}

// quote is a text as one word of a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
