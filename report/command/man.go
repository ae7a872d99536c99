package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

func (p *program) manCommand() *cli.Command {
	return &cli.Command{
		Name:  "man",
		Usage: "print the manual page",
		Description: `The page is in the man format, and says what doctor COMMAND --help does, of all
commands.

Examples
  doctor man | man -l -
  doctor man --output /usr/local/share/man/man1/doctor.1`,
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return fmt.Errorf("doctor man takes no argument, but got %q", c.Args().First())
			}
			page := p.manual(c.App)
			return p.print(page, func(out io.Writer) error {
				_, err := io.WriteString(out, page)
				return err
			})
		},
	}
}

// manual is the manual page in man(7)'s macros. The help's texts are laid out already, and stay as they are: urfave's own
// generator would run their lines together.
func (p *program) manual(app *cli.App) string {
	var page strings.Builder
	b := build()
	date, _, _ := strings.Cut(b.Time, "T")
	fmt.Fprintf(&page, ".TH DOCTOR 1 \"%s\" \"doctor %s\"\n.SH NAME\ndoctor \\- %s\n", escaped(date), escaped(b.Version), escaped(app.Usage))
	page.WriteString(".SH SYNOPSIS\n.B doctor\n[\\fICOMMAND\\fR] [\\fIFLAGS\\fR] [\\fIARGUMENT\\fR]\n.SH OVERVIEW\n")
	laidOut(&page, strings.TrimSuffix(rootHelp, "\ndoctor COMMAND --help tells more.\n"))
	page.WriteString(".SH COMMANDS\n")
	for _, c := range app.Commands {
		fmt.Fprintf(&page, ".SS \"%s\"\n%s.\n.PP\n", escaped(strings.TrimSpace("doctor "+c.Name+" "+c.ArgsUsage)), escaped(c.Usage))
		laidOut(&page, c.Description)
		flags := p.own(c)
		if c.Name == "check" { // tells of the common ones, too
			flags = c.Flags
		}
		described(&page, flags)
	}
	return page.String()
}

// laidOut writes lines as they are.
func laidOut(page *strings.Builder, text string) {
	page.WriteString(".nf\n")
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		page.WriteString(escaped(strings.TrimSuffix(line, "\n")) + "\n")
	}
	page.WriteString(".fi\n")
}

func described(page *strings.Builder, flags []cli.Flag) {
	for _, f := range flags {
		if visible, may := f.(cli.VisibleFlag); may && !visible.IsVisible() {
			continue
		}
		spelled, usage, _ := strings.Cut(f.String(), "\t")
		fmt.Fprintf(page, ".TP\n\\fB%s\\fR\n%s\n", escaped(strings.TrimSpace(spelled)), escaped(usage))
	}
}

// escaped keeps a line from being taken for one of troff's own, and its hyphens those of a command line.
func escaped(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`).Replace(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}
