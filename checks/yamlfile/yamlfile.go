// Package yamlfile reads YAML that people write by hand, value by value, so that whatever is wrong with it can be told with
// its line.
package yamlfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/xrash/smetrics"
)

// Error is what is wrong with a file, and where.
type Error struct {
	Path    string
	Line    int // 0 when it is no line's fault
	Problem string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Path, e.Problem)
	}
	return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Problem)
}

// Reader collects what a file says, up to the first mistake.
type Reader struct {
	Path string
	Line int // of the key that is being read
	Err  error
}

// Open reads the one document of a file; it is nil for an empty file, and where Err says what is wrong.
func (r *Reader) Open(content []byte) ast.Node {
	parsed, failed := parser.ParseBytes(content, 0)
	var broken interface {
		GetMessage() string
		GetToken() *token.Token
	}
	switch {
	case errors.As(failed, &broken):
		r.Err = r.wrong(broken.GetToken(), "%s", broken.GetMessage())
	case failed != nil:
		r.Err = r.wrong(nil, "%s", strings.Join(strings.Fields(failed.Error()), " "))
	case len(parsed.Docs) > 1:
		at := parsed.Docs[1].Start
		if body := parsed.Docs[1].Body; body != nil {
			at = body.GetToken()
		}
		r.Err = r.wrong(at, "a second document begins here")
	case len(parsed.Docs) == 1:
		return parsed.Docs[0].Body
	}
	return nil
}

func (r *Reader) wrong(at *token.Token, format string, args ...any) error {
	e := &Error{Path: r.Path, Problem: fmt.Sprintf(format, args...)}
	if at != nil && at.Position != nil {
		e.Line = at.Position.Line
	}
	return e
}

// Fail notes a mistake in a value, unless there was one before.
func (r *Reader) Fail(node ast.Node, format string, args ...any) {
	if r.Err == nil {
		r.Err = r.wrong(node.GetToken(), format, args...)
	}
}

// FailHere notes a mistake in the key that is being read, or in the whole file before the first key.
func (r *Reader) FailHere(format string, args ...any) {
	if r.Err == nil {
		r.Err = &Error{r.Path, r.Line, fmt.Sprintf(format, args...)}
	}
}

// Unknown notes that a key is none of those that are known, and the one that may have been meant.
func (r *Reader) Unknown(key string, known []string) {
	hint := ""
	if like := Nearest(key, known); like != "" {
		hint = "; did you mean " + like + "?"
	}
	r.FailHere("there is no %q here; known are %s%s", key, strings.Join(known, ", "), hint)
}

// Nearest is the known word that a word is most like, mistyped; "" when it is like none.
func Nearest(given string, known []string) string {
	const alike = 0.8 // 1 is equal
	best, score := "", alike
	for _, word := range known {
		if s := smetrics.JaroWinkler(strings.ToLower(given), strings.ToLower(word), 0.7, 4); s > score {
			best, score = word, s
		}
	}
	return best
}

// Pairs goes through the pairs of a mapping, and stops at the first mistake.
func (r *Reader) Pairs(node ast.Node) func(func(string, ast.Node) bool) {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.Fail(node, "names with values are expected here")
	}
	return func(yield func(string, ast.Node) bool) {
		var seen []string
		for _, v := range values {
			key := v.Key.GetToken().Value
			if slices.Contains(seen, key) {
				r.Fail(v.Key, "%s is there twice", key)
			}
			seen, r.Line = append(seen, key), v.Key.GetToken().Position.Line
			if r.Err != nil || !yield(key, v.Value) {
				return
			}
		}
	}
}

// Text is a value that is no list.
func (r *Reader) Text(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value)
	case *ast.NullNode:
		r.Fail(node, "a value is missing")
		return ""
	case ast.ScalarNode:
		return node.GetToken().Value
	}
	r.Fail(node, "one value is expected here")
	return ""
}

// Texts is a list of values, or one of them alone.
func (r *Reader) Texts(node ast.Node) []string {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return []string{r.Text(node)}
	}
	var all []string
	for _, item := range list.Values {
		all = append(all, r.Text(item))
	}
	return all
}
