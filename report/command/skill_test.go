package command

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"doctor/checks"
)

// What the skill teaches is there: each command, flag and code.
func TestSkill(t *testing.T) {
	got := call(t, nil, "skill")
	if got.exit != 0 || got.stdout != skill || !strings.HasPrefix(skill, "---\nname: doctor\ndescription: ") {
		t.Errorf("%+v", got)
	}
	p := &program{}
	app := p.app()
	var flags []string
	for _, c := range app.Commands {
		for _, f := range c.Flags {
			flags = append(flags, f.Names()...)
		}
	}
	taught := 0
	for _, line := range regexp.MustCompile("`doctor([^`]*)`").FindAllStringSubmatch(skill, -1) {
		for i, word := range strings.Fields(line[1]) {
			name, isFlag := strings.CutPrefix(word, "--")
			switch {
			case isFlag && !slices.Contains(flags, name):
				t.Errorf("there is no flag --%s", name)
			case i == 0 && !isFlag && app.Command(word) == nil:
				t.Errorf("there is no command %s", word)
			}
			taught++
		}
	}
	for _, flag := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(skill, -1) {
		if !slices.Contains(flags, flag[1]) {
			t.Errorf("there is no flag --%s", flag[1])
		}
	}
	for _, code := range regexp.MustCompile(`\b[A-Z]{3}[0-9]{3}\b`).FindAllString(skill, -1) {
		if checks.Code(code).Info().Code == "" {
			t.Errorf("there is no code %s", code)
		}
	}
	if taught < 20 {
		t.Errorf("only %d words of commands are taught", taught)
	}
}
