package report

import (
	"cmp"
	"fmt"
	"slices"

	"doctor/checks"
)

// The measures of the picture of the pipeline, in units of its view box.
const (
	mapPitch = 160 // from one stage to the next
	mapWide  = 138 // of a stage and a code
	mapEdge  = 4   // left of the first stage
	mapStage = 34  // where the stages begin, below the newest signal
	mapTall  = 64  // of a stage
	mapCodes = 122 // where the codes begin
	mapRow   = 40  // from one code to the next
	mapCode  = 28  // the height of a code
)

// htmlMap is the picture of the pipeline: its stages in a row, the codes of the findings at each below it, effects below
// their causes, and what belongs to no stage at the bottom.
type htmlMap struct {
	Width, Height int
	Stages        []mapStation
	Codes         []*mapFinding
	Arrows        []string // paths from cause to effect
	Ground        int      // where the codes without a stage begin; 0 when there are none
}

type mapStation struct {
	Station
	X, Y   int
	Last   bool
	Signal SignalState // of the newest signal when it is here; else ""
	Hidden *Finding    // what keeps the stage from being known; nil when nothing failing does
}

// mapFinding is the findings of one code at one stage.
type mapFinding struct {
	Code    checks.Code
	Grave   checks.Severity
	Root    bool
	Titles  []string
	Link    string // the first of them
	X, Y    int
	column  int // -1 for no stage
	row     int
	members []*Finding
}

func newHTMLMap(d *Document) *htmlMap {
	m := &htmlMap{Width: len(d.Pipeline)*mapPitch - (mapPitch - mapWide) + 2*mapEdge}
	for i, s := range d.Pipeline {
		at := mapStation{Station: s, X: mapEdge + i*mapPitch, Y: mapStage, Last: i == len(d.Pipeline)-1}
		if d.NewestSignal != nil && d.NewestSignal.Stage == s.Stage {
			at.Signal = d.NewestSignal.State
		}
		for k := range d.Findings {
			if f := &d.Findings[k]; s.State == StationUnknown && at.Hidden == nil && f.Failing() && slices.Contains(s.Codes, f.Code) {
				at.Hidden = f
			}
		}
		m.Stages = append(m.Stages, at)
	}
	m.collect(d)
	m.place()
	m.connect()
	slices.SortFunc(m.Codes, func(a, b *mapFinding) int { return cmp.Or(a.X-b.X, a.Y-b.Y) }) // as they are read
	return m
}

// collect makes one sign of all failing findings of a code at a stage.
func (m *htmlMap) collect(d *Document) {
	for i := range d.Findings {
		f := &d.Findings[i]
		if !f.Failing() {
			continue
		}
		column := slices.IndexFunc(d.Pipeline, func(s Station) bool { return s.Stage == f.Stage })
		at := slices.IndexFunc(m.Codes, func(c *mapFinding) bool { return c.Code == f.Code && c.column == column })
		if at < 0 {
			at = len(m.Codes)
			m.Codes = append(m.Codes, &mapFinding{Code: f.Code, Grave: f.Severity, Link: "#finding-" + f.Fingerprint, column: column})
		}
		c := m.Codes[at]
		if c.Root = c.Root || f.Root; f.Severity.Weight() > c.Grave.Weight() {
			c.Grave = f.Severity
		}
		c.Titles, c.members = append(c.Titles, f.Title), append(c.members, f)
	}
}

// place gives each code a row below those that explain it, the first free one of its column.
func (m *htmlMap) place() {
	placed, taken, lowest := map[*mapFinding]bool{}, map[[2]int]bool{}, 0
	var put func(c *mapFinding)
	put = func(c *mapFinding) {
		if placed[c] {
			return
		}
		placed[c] = true
		for _, cause := range m.Codes {
			if cause != c && c.column >= 0 && explains(cause, c) {
				if put(cause); cause.column >= 0 {
					c.row = max(c.row, cause.row+1)
				}
			}
		}
		for taken[[2]int{c.column, c.row}] {
			c.row++
		}
		taken[[2]int{c.column, c.row}] = true
		c.X, c.Y = mapEdge+c.column*mapPitch, mapCodes+c.row*mapRow
		if c.column >= 0 {
			lowest = max(lowest, c.row+1)
		}
	}
	for _, c := range m.Codes {
		put(c)
	}
	m.Height = mapStage + mapTall + 4
	if lowest > 0 {
		m.Height = mapCodes + lowest*mapRow
	}
	across := 0
	for _, c := range m.Codes {
		if c.column < 0 {
			m.Ground = mapCodes + lowest*mapRow
			c.X, c.Y = mapEdge+(1+across%(len(m.Stages)-1))*mapPitch, m.Ground+12+across/(len(m.Stages)-1)*mapRow
			across++
			m.Height = c.Y + mapRow
		}
	}
}

func explains(cause, effect *mapFinding) bool {
	for _, f := range effect.members {
		for _, c := range cause.members {
			if slices.Contains(f.CausedBy, c.Fingerprint) {
				return true
			}
		}
	}
	return false
}

// connect draws from each cause to its effects: along the side within a column, else from side to side.
func (m *htmlMap) connect() {
	for _, cause := range m.Codes {
		for _, effect := range m.Codes {
			if cause != effect && explains(cause, effect) {
				m.Arrows = append(m.Arrows, arrow(cause, effect))
			}
		}
	}
}

func arrow(from, to *mapFinding) string {
	const tip = 3 // room for the arrow's head
	y1, y2 := from.Y+mapCode/2, to.Y+mapCode/2
	switch {
	case from.X == to.X:
		x := from.X + mapWide
		return fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x, y1, x+18, y1, x+18, y2, x+tip, y2)
	case from.X < to.X:
		x1, x2 := from.X+mapWide, to.X-tip
		bend := max(24, (x2-x1)/2)
		return fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
	}
	x1, x2 := from.X, to.X+mapWide+tip
	bend := max(24, (x1-x2)/2)
	return fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, x1-bend, y1, x2+bend, y2, x2, y2)
}

// Says is the state in words.
func (s mapStation) Says() string {
	switch s.State {
	case StationUnknown:
		return "not known"
	case StationIdle:
		return "nothing came"
	}
	return string(s.State)
}

// Label is what is written on the sign.
func (c *mapFinding) Label() string {
	label := markOf(c.Grave) + " " + string(c.Code)
	if len(c.Titles) > 1 {
		label += fmt.Sprintf(" ×%d", len(c.Titles))
	}
	return label
}

// Place says whether it explains or is explained.
func (c *mapFinding) Place() string {
	if c.Root {
		return "root"
	}
	return "echo"
}
