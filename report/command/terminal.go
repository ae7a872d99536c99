package command

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"doctor/report"
)

// text says how text is rendered for the place that it goes to.
func (p *program) text() report.TextOptions {
	return report.TextOptions{
		Width:   p.width(p.stdout),
		Color:   p.colored(),
		Links:   p.links(),
		Verbose: p.options.verbose,
		Timings: p.options.timings,
	}
}

// width is how many columns there are: what COLUMNS says, else the terminal's width, else 0 for unknown.
func (p *program) width(w io.Writer) int {
	if columns, err := strconv.Atoi(p.getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	if file, ok := terminal(w); ok {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil {
			return columns
		}
	}
	return 0
}

// colored decides about color: the flag, then NO_COLOR (no-color.org), then CLICOLOR_FORCE (bixense.com/clicolors), then
// whether a terminal that knows color will show it.
func (p *program) colored() bool {
	_, shown := terminal(p.stdout)
	force := p.getenv("CLICOLOR_FORCE")
	switch {
	case p.options.color != "auto":
		return p.options.color == "always"
	case p.getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return shown && p.options.output == "" && p.getenv("TERM") != "dumb"
}

// links decides about links: a terminal that does not know them may show their addresses, so only one is given them that is
// known to know them. FORCE_HYPERLINK overrules that, as for other programs (https://github.com/Alhadis/OSC8-Adoption).
func (p *program) links() bool {
	if force := p.getenv("FORCE_HYPERLINK"); force != "" {
		return force != "0"
	}
	vte, _ := strconv.Atoi(p.getenv("VTE_VERSION"))
	knows := vte >= 5000 || p.getenv("WT_SESSION") != "" || p.getenv("KITTY_WINDOW_ID") != "" || p.getenv("KONSOLE_VERSION") != "" ||
		slices.Contains([]string{"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper"}, p.getenv("TERM_PROGRAM")) ||
		slices.Contains([]string{"xterm-kitty", "alacritty", "foot", "xterm-ghostty"}, p.getenv("TERM"))
	_, shown := terminal(p.stdout)
	return knows && shown && p.options.output == "" && p.options.color != "never"
}

// terminal is a stream that is one.
func terminal(stream any) (*os.File, bool) {
	file, ok := stream.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// getenv looks a name up in the environment that the program was given.
func (p *program) getenv(name string) string {
	for _, pair := range p.env {
		if value, found := strings.CutPrefix(pair, name+"="); found {
			return value
		}
	}
	return ""
}
