package command

import (
	"fmt"
	"strings"

	"github.com/xrash/smetrics"
)

// alike is how alike two words must be for one to be taken as the other mistyped; 1 is equal.
const alike = 0.8

// meant is a hint behind a message about an unknown word: the known word that is most like it, else where to find them.
func meant(given string, known []string, listed string) string {
	best, score := "", alike
	for _, word := range known {
		if s := smetrics.JaroWinkler(strings.ToLower(given), strings.ToLower(word), 0.7, 4); s > score {
			best, score = word, s
		}
	}
	if best == "" {
		return fmt.Sprintf("; %s lists them", listed)
	}
	return fmt.Sprintf("; did you mean %s?", best)
}
