package command

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doctor/checks"
	"doctor/checks/all"
)

// The picture in the README shows the codes and the links of the table, and nothing else.
func TestCausesPicture(t *testing.T) {
	drawn, err := os.ReadFile(filepath.Join(captures, pictures, "causes.svg"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, l := range checks.Links {
		want = append(want, string(l.Cause), string(l.Effect), string(l.Cause)+"->"+string(l.Effect), l.Evidence)
	}
	slices.Sort(want)
	var shown []string
	for _, text := range annotations(t, string(drawn)) {
		if _, known := slices.BinarySearch(want, text); known || strings.Contains(text, "->") || checks.Code(text).Info().Code != "" {
			shown = append(shown, text)
		}
	}
	slices.Sort(shown)
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(shown)); diff != "" {
		t.Errorf("make pictures draws it anew (-want +shown):\n%s", diff)
	}
}

// annotations are the titles in a picture, and what is shown where somebody points at it.
func annotations(t *testing.T, svg string) []string {
	t.Helper()
	var all []string
	decoder := xml.NewDecoder(strings.NewReader(svg))
	title := false
	for {
		token, err := decoder.Token()
		switch token := token.(type) {
		case xml.StartElement:
			title = token.Name.Local == "title"
			for _, a := range token.Attr {
				if a.Name.Local == "title" {
					all = append(all, a.Value)
				}
			}
		case xml.EndElement:
			title = false
		case xml.CharData:
			if title {
				all = append(all, string(token))
			}
		}
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The graph of checks says of each what it waits for, itself or by way of others.
func TestOrderLeavesNothingOut(t *testing.T) {
	p := &program{checks: all.All()}
	before := map[string][]string{}
	for _, a := range p.order().Arrows {
		before[a.To] = append(before[a.To], a.From)
	}
	var shown func(id, first string) bool
	shown = func(id, first string) bool {
		return slices.ContainsFunc(before[id], func(between string) bool { return between == first || shown(between, first) })
	}
	for _, c := range p.checks {
		for _, first := range slices.Concat(c.Requires, c.After) {
			if !shown(c.ID, first.ID) {
				t.Errorf("the graph does not say that %s waits for %s", c.ID, first.ID)
			}
		}
	}
}
