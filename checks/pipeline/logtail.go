package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
)

// A log is read from its end in parts that grow. What is read is bounded, and what is held of it at a time, too: a part,
// and the line that it begins in the middle of.
const (
	firstPart   = 64 << 10
	largestPart = 4 << 20
	mostOfLog   = 64 << 20
)

// LogTail reads the last entries of a log, and as little of it as that takes. It reports an error of kind [Missing] where
// there is no such log.
func (o *ObjectStorage) LogTail(ctx context.Context, q LogTail) (*LogEntries, error) {
	return ask(ctx, o.world, LogTails, q, func(ctx context.Context) (*LogEntries, error) {
		return readTail(q, func(ranged string) (part, error) {
			var options minio.GetObjectOptions
			options.Set("Range", ranged)
			return o.part(ctx, q.Key, options)
		})
	})
}

// LogGrowth reads what a log has got since it was read up to a mark; of much only the beginning.
func (o *ObjectStorage) LogGrowth(ctx context.Context, q LogGrowth) (*LogEntries, error) {
	return ask(ctx, o.world, LogGrowths, q, func(ctx context.Context) (*LogEntries, error) {
		var options minio.GetObjectOptions
		options.Set("Range", fmt.Sprintf("bytes=%d-", q.Mark.Offset))
		if q.Mark.ETag != "" {
			_ = options.SetMatchETagExcept(q.Mark.ETag) // it refuses an empty one only
		}
		p, err := o.part(ctx, q.Key, options)
		var answer minio.ErrorResponse
		if errors.As(err, &answer) && answer.StatusCode == http.StatusNotModified {
			return &LogEntries{Mark: q.Mark}, nil
		}
		if err != nil {
			return nil, err
		}
		return grown(q, p), nil
	})
}

// part is some bytes of an object.
type part struct {
	bytes    []byte
	at, size int64 // where they stand, and how large the whole is
	etag     string
}

// part reads a range of an object, of a large one the beginning. A range that the object does not reach into is empty.
func (o *ObjectStorage) part(ctx context.Context, key string, options minio.GetObjectOptions) (part, error) {
	o.once.Do(o.open)
	if o.err != nil {
		return part{}, o.err
	}
	bucket := o.world.Settings.ObjectStorage.Bucket
	core := minio.Core{Client: o.client}
	body, object, header, err := core.GetObject(ctx, bucket, key, options)
	if minio.ToErrorResponse(err).Code == minio.InvalidRange {
		return part{}, nil
	}
	if err != nil {
		return part{}, refusedByStorage(err, bucket)
	}
	defer body.Close()
	p, length := part{size: object.Size, etag: object.ETag}, object.Size
	if ranged := header.Get("Content-Range"); ranged != "" {
		if p.at, length, p.size, err = contentRange(ranged); err != nil {
			return part{}, err
		}
	} else if object.Size > firstPart {
		return part{}, errors.New("it gives whole objects only, and no ranges of them")
	}
	p.bytes, err = io.ReadAll(io.LimitReader(&whole{body, length}, largestPart))
	return p, err
}

// contentRange reads "bytes 10-19/100": from where it goes, how long it is, and of how much it is a part. Of an empty object
// MinIO says "bytes 0--1/0".
func contentRange(text string) (from, length, size int64, err error) {
	span, whole, _ := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	first, last, _ := strings.Cut(span, "-")
	var to int64
	from, err = strconv.ParseInt(first, 10, 64)
	if err == nil {
		to, err = strconv.ParseInt(last, 10, 64)
	}
	if err == nil {
		size, err = strconv.ParseInt(whole, 10, 64)
	}
	if err != nil || from < 0 || to < from-1 || size <= to {
		return 0, 0, 0, fmt.Errorf("a range was answered with %.80q", text)
	}
	return from, to - from + 1, size, nil
}

// readTail reads a log backwards, part by part, until there are enough entries. What goes wrong after the first part ends
// the reading, and no more.
func readTail(q LogTail, get func(ranged string) (part, error)) (*LogEntries, error) {
	length := int64(firstPart)
	p, err := get(fmt.Sprintf("bytes=-%d", length))
	if err != nil {
		return nil, err
	}
	t := tail{asked: q, log: &LogEntries{Size: p.size, Mark: LogMark{Sum: sum(nil), ETag: p.etag}}, end: p.at + int64(len(p.bytes))}
	for at := p.at; ; {
		t.log.Read += int64(len(p.bytes))
		if t.take(p.bytes, at) || at == 0 || t.log.Read >= mostOfLog {
			break
		}
		length = min(2*length, largestPart)
		from := max(at-length, 0)
		p, err = get(fmt.Sprintf("bytes=%d-%d", from, at-1))
		if err == nil && (p.at != from || int64(len(p.bytes)) != at-from) {
			err = errors.New("it was written anew while it was read")
		}
		if err != nil {
			t.log.Cut = cut(err)
			break
		}
		at = from
	}
	return t.finish(), nil
}

// cut says in a few words why the reading ended early.
func cut(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timed out"
	}
	return plain(err)
}

// tail is the end of a log, as it is read backwards.
type tail struct {
	asked LogTail
	log   *LogEntries // its entries are newest first until the end
	rest  []byte      // the beginning of what was read: the end of a line, maybe a whole one
	long  bool        // that line is too long, and its bytes are gone
	end   int64       // where the line ends that comes next
	lines int         // how many were met
	whole bool        // the beginning was reached
}

// take looks into the lines of a part that stands before what was taken before. It reports whether that is enough.
func (t *tail) take(bytesOf []byte, at int64) (enough bool) {
	text := slices.Concat(bytesOf, t.rest)
	for {
		begin := bytes.LastIndexByte(text, '\n') + 1
		if begin == 0 {
			break
		}
		t.line(text[begin:], at+int64(begin))
		if t.asked.Entries > 0 && len(t.log.Entries) == t.asked.Entries {
			return true
		}
		text = text[:begin-1]
		t.end = at + int64(begin) - 1
	}
	if at == 0 {
		t.line(text, 0)
		t.whole = true
		return true
	}
	t.rest = text
	if len(text) > longestLine {
		t.rest, t.long = nil, true
	}
	return false
}

// line looks into a line, the ones behind it having been looked into. The last one may lack its line end: it is whole when
// it is JSON (TaskRun.append_log writes line ends between lines only).
func (t *tail) line(line []byte, at int64) {
	last := t.end == t.log.Size
	if last && len(line) == 0 && !t.long {
		return // behind the last line's end
	}
	t.lines++
	t.log.From = at
	line = bytes.TrimRight(line, " \t\r")
	switch {
	case t.long || len(line) > longestLine:
		t.log.TooLong++
		t.long = false
		t.mark(LogMark{Offset: t.end, Sum: sum(nil)})
		return
	case len(line) == 0:
		return
	}
	e, ok := logEntry(line)
	if !ok {
		t.log.Unreadable++
	}
	if ok || !last {
		t.mark(LogMark{Offset: at, Length: len(line), Sum: sum(line)})
	}
	if ok || t.asked.Raw {
		t.log.Entries = append(t.log.Entries, t.asked.place(e, line, at, t.lines))
	}
}

// mark keeps the mark of the last line.
func (t *tail) mark(m LogMark) {
	if m.ETag = t.log.Mark.ETag; t.log.Mark.Offset == 0 && t.log.Mark.Length == 0 {
		t.log.Mark = m
	}
}

// place says where an entry stands, and keeps its line where that is asked for.
func (q LogTail) place(e LogEntry, line []byte, at int64, number int) LogEntry {
	e.Offset, e.Line = at, number
	if q.Raw {
		e.Raw = string(line)
	}
	return e
}

// finish turns the entries around. Lines have numbers when the beginning was reached.
func (t *tail) finish() *LogEntries {
	slices.Reverse(t.log.Entries)
	for i := range t.log.Entries {
		e := &t.log.Entries[i]
		e.Line = t.lines + 1 - e.Line
		if !t.whole {
			e.Line = 0
		}
	}
	return t.log
}

// LogMark is a line up to which a log was read. It tells whether what stood before is still there: a log is not appended
// to but written anew as a whole (TaskRun.append_log), and of two writers at a time one loses lines.
type LogMark struct {
	Offset int64
	Length int
	Sum    uint64
	ETag   string // of the whole log
}

func sum(line []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(line)
	return h.Sum64()
}

// grown is what stands behind a mark, in a part that begins at it.
func grown(q LogGrowth, p part) *LogEntries {
	log := &LogEntries{Size: p.size, Read: int64(len(p.bytes)), From: q.Mark.Offset, Mark: q.Mark}
	if log.Mark.ETag = p.etag; p.at+int64(len(p.bytes)) < p.size {
		log.Mark.ETag = "" // there is more to read of what is there now
	}
	if len(p.bytes) < q.Mark.Length {
		log.Shorter = true
		return log
	}
	if sum(p.bytes[:q.Mark.Length]) != q.Mark.Sum {
		log.Rewritten = true
		return log
	}
	at, text := q.Mark.Offset+int64(q.Mark.Length), p.bytes[q.Mark.Length:]
	for len(text) > 0 {
		line, rest, ended := bytes.Cut(text, []byte("\n"))
		next := at + int64(len(text)-len(rest))
		line = bytes.TrimRight(line, " \t\r")
		switch {
		case ended || json.Valid(line):
			log.add(q, line, at)
		case len(text) > longestLine:
			log.TooLong++
			log.Mark = LogMark{Offset: next, Sum: sum(nil), ETag: log.Mark.ETag}
		default:
			return log // it is still being written, or the part ends in the middle of it
		}
		at, text = next, rest
	}
	return log
}

// add appends a line that a log has got.
func (l *LogEntries) add(q LogGrowth, line []byte, at int64) {
	if len(line) == 0 {
		return
	}
	l.Mark = LogMark{Offset: at, Length: len(line), Sum: sum(line), ETag: l.Mark.ETag}
	if len(line) > longestLine {
		l.TooLong++
		return
	}
	e, ok := logEntry(line)
	if !ok {
		l.Unreadable++
	}
	if ok || q.Raw {
		l.Entries = append(l.Entries, LogTail{Raw: q.Raw}.place(e, line, at, 0))
	}
}
