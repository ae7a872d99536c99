package pipeline

import (
	"bytes"
	"net"
	"regexp"
	"strings"
	"sync"
)

// LogRefusal is a place that took no connection from within a sandbox, as a program there said so.
type LogRefusal struct {
	Spot       // of the last time
	Host, Port string
	Times      int
	ByTool     bool // a tool of the agent said so, which may as well have read it somewhere; else the agent's own program did
}

// mostRefusals is how many places are kept of one log.
const mostRefusals = 20

// refusedTo are the ways in which programs name who refused them: Node, curl, Go, and Python's urllib3.
var refusedTo = sync.OnceValue(func() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`ECONNREFUSED (\[?[\w.:-]{1,100}\]?):(\d{1,5})\b`),
		regexp.MustCompile(`Failed to connect to ([\w.:-]{1,100}) port (\d{1,5}) [^"\\]{0,60}?(?i:connection refused|couldn.t connect|could not connect)`),
		regexp.MustCompile(`dial tcp (\[?[\w.:-]{1,100}?\]?):(\d{1,5}): connect: connection refused`),
		regexp.MustCompile(`host=\\?'([\w.:-]{1,100})\\?', port=(\d{1,5})[^"]{0,300}Connection refused`),
	}
})

// refusals keeps who refused a connection, where a line tells of one.
func (r *reading) refusals(line []byte, spot Spot, tool bool) {
	// Most lines tell of nothing like it, and this is asked of all: two words sort out nearly all of them.
	told := bytes.Contains(line, []byte("ECONNREFUSED")) ||
		bytes.Contains(line, []byte("onnect")) && (bytes.Contains(line, []byte("efused")) || bytes.Contains(line, []byte("ailed to connect")))
	if !told {
		return
	}
	for _, way := range refusedTo() {
		for _, found := range way.FindAllSubmatch(line, mostRefusals) {
			r.refusal(LogRefusal{Spot: spot, Host: strings.ToLower(strings.Trim(string(found[1]), "[]")), Port: string(found[2]), Times: 1, ByTool: tool})
		}
	}
}

func (r *reading) refusal(one LogRefusal) {
	for i := range r.log.Refused {
		if known := &r.log.Refused[i]; known.Host == one.Host && known.Port == one.Port {
			known.Spot, known.Times, known.ByTool = one.Spot, known.Times+1, known.ByTool && one.ByTool
			return
		}
	}
	if len(r.log.Refused) < mostRefusals {
		r.log.Refused = append(r.log.Refused, one)
	}
}

// Address is the host and the port of the place.
func (r LogRefusal) Address() string { return net.JoinHostPort(r.Host, r.Port) }
