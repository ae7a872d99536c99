package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
)

// LogSearch names the end of an agent's log, of at most so many bytes, and what is looked for in it: a regular expression of
// Go's kind, whose time is bounded by the size of the text.
type LogSearch struct {
	Key     string
	Bytes   int64
	Pattern string
}

// LogFound is what a search has found.
type LogFound struct {
	Size    int64 // of the whole log, in bytes
	Read    int64 // how many of them were read, from the end
	Count   int
	Matches []LogMatch // the last ones, oldest first
	TooLong int        // lines of more than 1 MB, which are not looked into
}

// LogMatch is an entry in which a pattern was found.
type LogMatch struct {
	Spot
	Kind string // of the entry, see [LogEntry]
	Text string // the beginning of what the pattern matched, and nothing around it
}

const (
	keptMatches = 5
	matchedText = 200 // bytes of what a pattern matched that are kept
)

// SearchLog looks for a pattern in the texts and titles of the entries at the end of a log. It reports an error of kind
// [Missing] where there is no such log.
func (o *ObjectStorage) SearchLog(ctx context.Context, q LogSearch) (*LogFound, error) {
	return ask(ctx, o.world, LogMatches, q, func(ctx context.Context) (*LogFound, error) {
		pattern, err := regexp.Compile(q.Pattern)
		if err != nil {
			return nil, err
		}
		body, size, err := o.end(ctx, q.Key, q.Bytes)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return searchLog(body, size, size > q.Bytes, pattern)
	})
}

// end opens the end of an object, and tells the size of all of it.
func (o *ObjectStorage) end(ctx context.Context, key string, bytes int64) (body io.ReadCloser, size int64, err error) {
	o.once.Do(o.open)
	if o.err != nil {
		return nil, 0, o.err
	}
	var options minio.GetObjectOptions
	options.Set("Range", fmt.Sprintf("bytes=-%d", bytes))
	bucket := o.world.Settings.ObjectStorage.Bucket
	core := minio.Core{Client: o.client}
	var object minio.ObjectInfo
	var header http.Header
	if body, object, header, err = core.GetObject(ctx, bucket, key, options); err != nil {
		return nil, 0, refusedByStorage(err, bucket)
	}
	size = object.Size
	if _, whole, ok := strings.Cut(header.Get("Content-Range"), "/"); ok {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
			size = n
		}
	}
	return &whole{body, min(size, bytes)}, size, nil
}

// whole is a body that has to have so many bytes. One that ends before is no end of a log, whatever the answer's head says.
type whole struct {
	io.ReadCloser
	missing int64
}

func (w *whole) Read(into []byte) (int, error) {
	n, err := w.ReadCloser.Read(into)
	w.missing -= int64(n)
	if errors.Is(err, io.EOF) && w.missing > 0 {
		err = fmt.Errorf("the last %d bytes of it did not come", w.missing)
	}
	return n, err
}

func searchLog(from io.Reader, size int64, partial bool, pattern *regexp.Regexp) (*LogFound, error) {
	found := &LogFound{Size: size}
	lines := linesOf(from)
	for number := 1; ; number++ {
		line, long, err := lines.next()
		found.Read += int64(len(line)) + long
		if long > 0 {
			found.TooLong++
		} else if !partial || number > 1 { // else it may be the end of one
			spot := Spot{Line: number}
			if partial {
				spot.Line = 0
			}
			found.look(line, spot, pattern)
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (f *LogFound) look(line []byte, spot Spot, pattern *regexp.Regexp) {
	e, ok := logEntry(line)
	if !ok {
		return
	}
	matched := pattern.FindString(e.Text)
	if matched == "" {
		matched = pattern.FindString(e.Title)
	}
	if matched == "" {
		return
	}
	spot.Time = e.Time
	f.Count++
	f.Matches = append(f.Matches, LogMatch{spot, e.Kind, clipTo(matched, matchedText)})
	f.Matches = f.Matches[max(0, len(f.Matches)-keptMatches):]
}
