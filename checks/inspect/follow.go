package inspect

import (
	"context"
	"time"

	"doctor/checks/pipeline"
)

const (
	// shortFor is how many looks in a row a log may be shorter than it was: object storage may answer with an older one.
	shortFor = 5
	// quietFor is how many looks a log may have nothing new before its run is asked whether it has ended. The pipeline writes
	// the last lines after the end.
	quietFor = 5
	// placeFor is how many entries of a log that was written anew are searched for the place where it was.
	placeFor = 200
)

// Follower shows what a log gets after it was read.
type Follower struct {
	Log   *Log
	Query LogQuery
	// Anew is the pipeline as it is at that time; it is closed after one look.
	Anew func() *Look
	// Show is given what is new, as a log of its own.
	Show func(*Log) error

	short, quiet int
	last         time.Time // of the newest entry
}

// Follow looks again at every tick until the run has ended or the context does. What could not be seen once is tried again.
func (f *Follower) Follow(ctx context.Context, ticks <-chan time.Time) error {
	f.see(f.Log.Entries)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks:
		}
		ended, err := f.look(ctx)
		if ended || err != nil {
			return err
		}
	}
}

// see keeps how far the log was seen.
func (f *Follower) see(entries []LogEntry) {
	for _, e := range entries {
		if e.Time != nil && e.Time.After(f.last) {
			f.last = *e.Time
		}
	}
}

func (f *Follower) look(ctx context.Context) (ended bool, err error) {
	l := f.Anew()
	defer l.World.Close()
	found := &Log{Head: l.head(), Run: f.Log.Run, Task: f.Log.Task, Key: f.Log.Key, Stored: true, Entries: []LogEntry{}}
	log, err := l.World.Objects.LogGrowth(ctx, pipeline.LogGrowth{Key: f.Log.Key, Mark: f.Log.mark, Raw: f.Query.Raw})
	if err != nil {
		log = &pipeline.LogEntries{Mark: f.Log.mark} // it may be there the next time
	}
	if f.short++; !log.Shorter {
		f.short = 0
	}
	if log.Rewritten || f.short > shortFor {
		f.again(ctx, l, found)
	} else if f.Log.mark = log.Mark; !log.Shorter {
		found.Unreadable, found.TooLong = log.Unreadable, log.TooLong
		for _, e := range log.Entries {
			found.Entries = append(found.Entries, logEntry(e))
		}
	}
	f.see(found.Entries)
	if len(found.Entries)+found.Unreadable+found.TooLong+len(found.Missed) > 0 {
		f.quiet = 0
		return false, f.Show(found)
	}
	if f.quiet++; f.quiet%quietFor != 0 {
		return false, nil
	}
	return f.ended(ctx, l), nil
}

// again finds its place in a log that was written anew: behind the newest entry that was seen.
func (f *Follower) again(ctx context.Context, l *Look, found *Log) {
	log, err := l.World.Objects.LogTail(ctx, pipeline.LogTail{Key: f.Log.Key, Entries: placeFor, Raw: f.Query.Raw})
	if err != nil {
		return
	}
	f.short, f.Log.mark = 0, log.Mark
	found.Missed = append(found.Missed, "what was lost when the log was written anew: two writers at a time lose lines")
	for _, e := range log.Entries {
		if e.Time.After(f.last) {
			found.Entries = append(found.Entries, logEntry(e))
		}
	}
}

// ended reports whether Postgres says that the run is over.
func (f *Follower) ended(ctx context.Context, l *Look) bool {
	if f.Log.Run == nil {
		return false
	}
	runs, err := l.World.Postgres.TaskRunsOf(ctx, l.Team, []string{f.Log.Task})
	if err != nil {
		return false
	}
	for _, run := range runs.Runs {
		if run.ID == f.Log.Run.ID && run.Ended() {
			f.Log.Run.Status = run.Status
			return true
		}
	}
	return false
}
