package custom

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
)

// mostEvidence is how many places are shown of what was found.
const mostEvidence = 5

// run looks, and reports one finding where it finds what the check is after.
func (d *definition) run(ctx context.Context, p *checks.Pass) (any, error) {
	found, err := d.kind.look(ctx, p, d)
	if err != nil || !found.is {
		return nil, err
	}
	title := d.finding
	if found.n > 1 {
		title += fmt.Sprintf(" (%d times)", found.n)
	}
	p.Report(d.code, Part+"."+d.name).Titlef("%s", title).Detailf("%s", d.detail).With(found.evidence...)
	return nil, nil
}

// look reads what the setting is.
func (s *setting) look(_ context.Context, p *checks.Pass, _ *definition) (found, error) {
	set := p.World.Settings
	if len(set.EnvFiles) == 0 {
		return found{}, checks.Skip(settings.NoEnvFile)
	}
	value, origin := s.value(set)
	is, _ := s.is.holds(reflect.ValueOf(value), p.World.Now)
	if !is {
		return found{}, nil
	}
	e := checks.Evidence{Source: "settings", Excerpt: s.name + " is not set"}
	if !origin.Default {
		e = checks.Evidence{Source: origin.String(), Locator: checks.Locator{File: origin.File, Line: origin.Line}, Excerpt: s.name + "=" + value}
		if origin.File != "" {
			e.Source = set.Name(origin.File)
		}
		if redact.SaysSecret(s.name) {
			e.Excerpt = s.name + " is set"
		}
	}
	return found{is: true, evidence: []checks.Evidence{e}}, nil
}

// value is the setting's value and where it comes from; by default when nothing sets it.
func (s *setting) value(set *settings.Settings) (string, settings.Origin) {
	if s.workers {
		return set.Worker(s.name)
	}
	for _, seen := range set.Seen(s.name) {
		if seen.Effective {
			return seen.Value, seen.Origin
		}
	}
	return "", settings.Origin{Default: true}
}

// Bounds of a search in logs.
const (
	mostLogs  = 20      // the newest ones
	mostBytes = 1 << 20 // of each, from its end
	atOnce    = 8
)

// look searches the logs of the time that is looked at.
func (l *log) look(ctx context.Context, p *checks.Pass, _ *definition) (found, error) {
	listing, err := p.World.Objects.AgentLogs(ctx, p.Team)
	if err != nil {
		return found{}, err
	}
	var logs []pipeline.LogObject
	for _, log := range listing.Logs {
		if !log.Modified.Before(p.Since) {
			logs = append(logs, log)
		}
	}
	if len(logs) > mostLogs {
		p.Incomplete("%d of %d logs were searched, the newest", mostLogs, len(logs))
		logs = logs[:mostLogs]
	}
	results, err := l.search(ctx, p, logs)
	if err != nil {
		return found{}, err
	}
	var f found
	for i, result := range results {
		if result == nil {
			continue // it is gone
		}
		if result.Read < result.Size || result.TooLong > 0 {
			p.Incomplete("the log of run %s was not searched as a whole", pipeline.Short(logs[i].Run))
		}
		f.n += result.Count
		for _, m := range result.Matches {
			f.show(checks.Evidence{Source: "agent log", Locator: checks.Locator{Object: logs[i].Key, Line: m.Line}, Excerpt: m.Kind + ": " + checks.OneLine(m.Text), Time: m.Time})
		}
	}
	f.is = f.n > 0
	return f, nil
}

func (l *log) search(ctx context.Context, p *checks.Pass, logs []pipeline.LogObject) ([]*pipeline.LogFound, error) {
	results := make([]*pipeline.LogFound, len(logs))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, log := range logs {
		group.Go(func() (err error) {
			results[i], err = p.World.Objects.SearchLog(ctx, pipeline.LogSearch{Key: log.Key, Bytes: mostBytes, Pattern: l.pattern})
			var e *pipeline.Error
			if errors.As(err, &e) && e.Kind == pipeline.Missing {
				return nil
			}
			return err
		})
	}
	return results, group.Wait()
}

func (f *found) show(e checks.Evidence) {
	if len(f.evidence) < mostEvidence {
		f.evidence = append(f.evidence, e)
	}
}

// look counts the rows that are as wanted.
func (t *table) look(ctx context.Context, p *checks.Pass, d *definition) (found, error) {
	seen, err := t.source.look(ctx, p)
	if err != nil {
		return found{}, err
	}
	var f found
	left := 0 // rows of which a capture has left out what decides
	for i := range seen.rows.Len() {
		row := seen.rows.Index(i)
		switch holds, known := t.holds(row, p.World.Now); {
		case !known:
			left++
		case holds:
			f.n++
			f.show(d.evidenceOf(t.source, row))
		}
	}
	if len(t.where) == 0 && seen.total > f.n {
		f.n, seen.partial = seen.total, false
	}
	count := d.count
	if len(count.tests) == 0 {
		count = moreThanNone
	}
	f.is, _ = count.holds(reflect.ValueOf(f.n), p.World.Now)
	if left > 0 {
		p.Incomplete("of %s the recording has left out what decides", checks.Count(left, "row"))
	}
	if seen.partial {
		p.Incomplete("%d rows were listed, and there are more", seen.rows.Len())
		many, _ := count.holds(reflect.ValueOf(f.n+unlisted), p.World.Now)
		f.is = f.is && many // what was not listed can only add to the count
	}
	return f, nil
}

// unlisted is more than there can be.
const unlisted = 1 << 30

var moreThanNone = condition{tests: []test{func(v reflect.Value, _ time.Time) bool { return v.Int() > 0 }}}

func (t *table) holds(row reflect.Value, now time.Time) (holds, known bool) {
	for _, c := range t.where {
		switch holds, known := c.is.holds(row.FieldByName(c.field), now); {
		case !known:
			return false, false
		case !holds:
			return false, true
		}
	}
	return true, true
}

// evidenceOf shows the fields of a row that the check is to show.
func (d *definition) evidenceOf(s *source, row reflect.Value) checks.Evidence {
	e := checks.Evidence{Source: string(s.of.Source)}
	var shown []string
	for _, name := range d.evidence {
		shown = append(shown, name+" "+checks.Clip(checks.OneLine(textOf(row.FieldByName(name))), longestText))
	}
	e.Excerpt = strings.Join(shown, ", ")
	switch row := row.Interface().(type) {
	case pipeline.Execution:
		e.Source = "run " + pipeline.Short(row.ID)
		e.Locator, e.Time = checks.Locator{Workflow: row.Workflow, Run: row.ID}, row.Start
	case pipeline.Sandbox:
		e.Locator.Container, e.Time = row.Name, row.Created
	case pipeline.LogObject:
		e.Locator.Object, e.Time = row.Key, row.Modified
	}
	return e
}

var (
	placeholder  = regexp.MustCompile(`\{[^{}]*\}`)
	placeholders = []string{"{team}", "{since}"}
)

// filled is a query for the team and the time that are looked at.
func filled(query string, p *checks.Pass) string {
	return strings.NewReplacer("{team}", strconv.FormatInt(p.Team, 10), "{since}", fmt.Sprintf("'%s'", p.Since.UTC().Format(time.RFC3339))).Replace(query)
}
