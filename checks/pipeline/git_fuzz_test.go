package pipeline

import (
	"bufio"
	"strings"
	"testing"
)

// FuzzStagedListing wants what git lists to be read to its end or refused, whatever it is.
func FuzzStagedListing(f *testing.F) {
	f.Add(":100644 100644 " + strings.Repeat("1", 40) + " " + strings.Repeat("2", 40) + " M\x00a b\x00")
	f.Add(":100644 100644 " + strings.Repeat("1", 40) + " " + strings.Repeat("2", 40) + " R100\x00a\x00b\nc\x00:000000 120000 0 3 A\x00l\x00")
	f.Fuzz(func(t *testing.T, listing string) {
		reader := bufio.NewReader(strings.NewReader(listing))
		for {
			c, err := nextChange(reader)
			if err != nil {
				return
			}
			if strings.Contains(c.path, "\x00") {
				t.Fatalf("%+v", c)
			}
		}
	})
}
