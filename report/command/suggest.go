package command

import (
	"fmt"

	"doctor/checks/yamlfile"
)

// meant is a hint behind a message about an unknown word: the known word that is most like it, else where to find them.
func meant(given string, known []string, listed string) string {
	best := yamlfile.Nearest(given, known)
	if best == "" {
		return fmt.Sprintf("; %s lists them", listed)
	}
	return fmt.Sprintf("; did you mean %s?", best)
}
