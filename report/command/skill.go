package command

import (
	_ "embed" // the skill
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// skill teaches an agent to use the doctor.
//
//go:embed skill.md
var skill string

func (p *program) skillCommand() *cli.Command {
	return &cli.Command{
		Name:  "skill",
		Usage: "print a skill that teaches an agent to use doctor",
		Description: `The skill is Markdown with a name and a description in front, as agents read it.

Examples
  mkdir -p .claude/skills/doctor
  doctor skill --output .claude/skills/doctor/SKILL.md`,
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return fmt.Errorf("doctor skill takes no argument, but got %q", c.Args().First())
			}
			return p.print(skill, func(out io.Writer) error {
				_, err := io.WriteString(out, skill)
				return err
			})
		},
	}
}
