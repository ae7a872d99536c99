package pipeline

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Kind says in which way an observation failed.
type Kind string

// The kinds. The first five mean that the service was not reached at all.
const (
	Refused      Kind = "refused"
	Unresolvable Kind = "unresolvable"
	TimedOut     Kind = "timed out"
	Insecure     Kind = "TLS failed"
	Denied       Kind = "credentials refused"

	Forbidden   Kind = "not permitted" // it is there, and this user may not look
	Missing     Kind = "missing"       // the service answered that there is no such thing
	Failed      Kind = "failed"        // the service answered with an error, or not in its own protocol
	RunOver     Kind = "run over"      // the whole run was out of time, or interrupted, before the answer came
	NotRecorded Kind = "not recorded"  // a told world does not know
)

// Error is an observation that failed. It always names who was asked, and for what. Nothing that it prints holds
// credentials.
type Error struct {
	Kind   Kind
	Source Source
	Asking string        // what was asked for
	At     string        // the address that was asked, without credentials; "" when unknown
	Note   string        // what the reader should know of the way there; see [Reached]
	After  time.Duration // how long it took to fail
	Err    error         // the cause
}

func (e *Error) Error() string {
	asked := string(e.Source)
	if e.At != "" {
		asked += " at " + e.At
	}
	switch e.Kind {
	case RunOver:
		return fmt.Sprintf("the run ended while asking %s for %s", asked, e.Asking)
	case NotRecorded:
		return fmt.Sprintf("not recorded: %s of %s", e.Asking, e.Source)
	case TimedOut:
		return fmt.Sprintf("%s asking %s for %s", e.Reason(), asked, e.Asking)
	case Refused:
		return fmt.Sprintf("%s by %s, asked for %s", e.Reason(), asked, e.Asking)
	}
	return fmt.Sprintf("asking %s for %s: %s", asked, e.Asking, e.Reason())
}

// Reason is what happened, without who was asked and for what.
func (e *Error) Reason() string {
	reason := string(e.Kind)
	switch {
	case e.Kind == TimedOut && e.After > 0:
		reason = "timed out after " + roundly(e.After)
	case e.Kind == Refused && errors.Is(e.Err, syscall.ENOENT):
		reason = "no such socket"
	case e.Kind == Refused:
		reason = "connection refused"
	case e.Err == nil:
	case e.Kind == Failed || e.Kind == Missing:
		reason = plain(e.Err)
	case e.Kind != TimedOut:
		reason += ": " + plain(e.Err)
	}
	if e.Note != "" {
		reason += " (" + e.Note + ")"
	}
	return reason
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of a failed observation, and "" when err is not one.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// kinded is what a door returns when it knows the kind better than the error's type does.
type kinded struct {
	kind Kind
	err  error
}

func (k kinded) Error() string { return k.err.Error() }
func (k kinded) Unwrap() error { return k.err }

func isForbidden(err error) bool {
	var known kinded
	return errors.As(err, &known) && known.kind == Forbidden
}

// misdialled is what the door of several addresses returns when it could not connect to one of them.
type misdialled struct {
	host, port string
	err        error
}

func (m misdialled) Error() string { return m.err.Error() }
func (m misdialled) Unwrap() error { return m.err }

// describe makes the error of an observation. ctx is the observation's own context.
func (w *World) describe(ctx context.Context, source Source, asking string, after time.Duration, err error) error {
	e := &Error{Kind: kindOf(ctx, err), Source: source, Asking: asking, At: w.address(source), Note: w.detour(source), After: after, Err: err}
	var dialled misdialled
	if errors.As(err, &dialled) {
		e.At, e.Note = net.JoinHostPort(dialled.host, dialled.port), w.detourTo(dialled.host)
	}
	// The run's deadline and the observation's look alike from here: the observation ran out of its own time only
	// when it had that time.
	if e.Kind == TimedOut && ctx.Err() != nil && after < w.observation*9/10 {
		e.Kind = RunOver
	}
	if errors.Is(err, context.Canceled) {
		e.Kind = RunOver
	}
	return e
}

func interrupted(ctx context.Context, source Source, asking string) error {
	return &Error{Kind: RunOver, Source: source, Asking: asking, Err: ctx.Err()}
}

func kindOf(ctx context.Context, err error) Kind {
	var known kinded
	var resolve *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &known):
		return known.kind
	case errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil:
		return TimedOut
	case errors.As(err, &resolve):
		return Unresolvable
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT):
		return Refused // a missing unix socket is a port with nobody behind it
	case errors.Is(err, fs.ErrPermission):
		return Forbidden // a socket that this user may not open
	case isTLS(err):
		return Insecure
	case errors.As(err, &network) && network.Timeout():
		return TimedOut
	}
	return Failed
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var alert tls.AlertError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &alert)
}

// roundly rounds a duration for people: 2 s, 1.5 s, 300 ms.
func roundly(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
}

// spelledOut is what client libraries print of the addresses they were given: user:password@, and password=.
var spelledOut = regexp.MustCompile(`(://)\S*@|(password=)(?:'[^']*'|\S*)`)

// plain is an error's text in one line, without credentials.
func plain(err error) string {
	return spelledOut.ReplaceAllString(strings.Join(strings.Fields(err.Error()), " "), "$1$2")
}
