// Package htmltest says what is wrong with a page that stands for itself. Only tests import it.
package htmltest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// Faults says what keeps the page from being read by everybody and everywhere: a request or a script, markup that a
// content security policy or a screen reader stumbles over, a link that leads nowhere, a character that is not seen.
func Faults(page string) []string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	c := &checker{ids: map[string]int{}}
	for n := range root.Descendants() {
		c.node(n)
	}
	c.whole()
	return c.faults
}

type checker struct {
	faults   []string
	ids      map[string]int
	links    []string // to places of the page
	policies []string
	styles   []string
	headings []int
}

func (c *checker) faultf(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// reaching are the elements that make a browser do or fetch something.
var reaching = []string{"script", "link", "img", "image", "iframe", "frame", "object", "embed", "source", "video", "audio", "form", "base", "applet", "portal", "use", "foreignobject", "animate", "set"}

func (c *checker) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		c.text(n.Data)
	case html.CommentNode:
		c.faultf("a comment: %q", n.Data)
	case html.ElementNode:
		c.element(n)
	}
}

func (c *checker) text(text string) {
	for _, r := range text {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
			c.faultf("the text %.40q holds %U", text, r)
			return
		}
	}
}

func (c *checker) element(n *html.Node) {
	name := strings.ToLower(n.Data)
	if slices.Contains(reaching, name) {
		c.faultf("an element %s", name)
	}
	switch {
	case len(name) == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6':
		level, _ := strconv.Atoi(name[1:])
		c.headings = append(c.headings, level)
	case name == "style":
		c.styles = append(c.styles, n.FirstChild.Data)
	case name == "meta" && attribute(n, "http-equiv") == "Content-Security-Policy":
		c.policies = append(c.policies, attribute(n, "content"))
	case name == "html" && attribute(n, "lang") == "":
		c.faultf("the page does not say its language")
	case name == "meta" && strings.EqualFold(attribute(n, "http-equiv"), "refresh"):
		c.faultf("the page sends itself elsewhere")
	}
	for _, a := range n.Attr {
		c.attribute(n, strings.ToLower(a.Key), a.Val)
		c.text(a.Val)
	}
	if attribute(n, "tabindex") == "0" && n.Data != "pre" && attribute(n, "aria-label") == "" {
		c.faultf("what can be scrolled by keyboard has no name: %s", attribute(n, "class"))
	}
}

func (c *checker) attribute(n *html.Node, key, value string) {
	switch {
	case key == "style" || strings.HasPrefix(key, "on"):
		c.faultf("an attribute %s", key)
	case key == "id":
		c.ids[value]++
	case key == "href" && strings.HasPrefix(value, "#"):
		c.links = append(c.links, value[1:])
	case key == "href" && n.Data == "a":
		if !strings.HasPrefix(value, "http://") && !strings.HasPrefix(value, "https://") {
			c.faultf("a link to %q", value)
		}
		if !strings.Contains(attribute(n, "rel"), "noreferrer") {
			c.faultf("a link that tells where it stands: %q", value)
		}
	case slices.Contains([]string{"src", "href", "srcset", "action", "poster", "data", "ping", "background", "formaction"}, key):
		c.faultf("an attribute %s of %s: %q", key, n.Data, value)
	case key == "aria-labelledby" || key == "aria-describedby":
		c.links = append(c.links, strings.Fields(value)...)
	}
}

func (c *checker) whole() {
	for id, times := range c.ids {
		if times > 1 {
			c.faultf("the id %q stands %d times", id, times)
		}
	}
	for _, link := range c.links {
		if c.ids[link] == 0 {
			c.faultf("nothing has the id %q", link)
		}
	}
	last := 0
	for _, level := range c.headings {
		if level > last+1 {
			c.faultf("a heading h%d after h%d", level, last)
		}
		last = level
	}
	if first := len(c.headings) > 0 && c.headings[0] == 1; !first || slices.Contains(c.headings[1:], 1) {
		c.faultf("the headings are %v", c.headings)
	}
	c.policy()
}

// policy holds the page to a policy that allows its one style sheet and nothing else.
func (c *checker) policy() {
	if len(c.policies) != 1 || len(c.styles) != 1 {
		c.faultf("%d policies and %d style sheets", len(c.policies), len(c.styles))
		return
	}
	sum := sha256.Sum256([]byte(c.styles[0]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if c.policies[0] != want {
		c.faultf("the policy is %q, not %q", c.policies[0], want)
	}
	if strings.Contains(c.styles[0], "url(") || strings.Contains(c.styles[0], "@import") {
		c.faultf("the style sheet reaches elsewhere")
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
