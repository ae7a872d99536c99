package report

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// The measures of the time line, in units of its view box.
const (
	timeLeft   = 222 // where the lives begin, right of their names
	timeRight  = 1150
	timeWidth  = 1200
	timeTop    = 34 // below the clock
	timeHead   = 26 // the height of a lane's name
	timeRow    = 24
	timeBar    = 10
	timeLabels = 104 // at least, from one time of the clock to the next
)

// htmlTimeline is the time line as a picture.
type htmlTimeline struct {
	Width, Height int
	Clock         []timeTick
	Lanes         []timeLane
	Links         []string // paths from a run to the one that went on from it
	scale         timeScale
	looked        time.Time
}

type timeTick struct {
	X    int
	Text string
}

type timeLane struct {
	Lane
	Y    int
	Rows []timeLife
}

type timeLife struct {
	Life
	X, Y, Wide     int
	BarY, BarTall  int
	MarkRows       []timeMark
	After          int // where it took its last batch, when signals were lost after that; else 0
	LostX, LostWay int
	Lost           string // what is written beside a loss
	Anchor         string
}

type timeMark struct {
	Mark
	X, Y int
}

func newHTMLTimeline(d *Document) *htmlTimeline {
	t := &htmlTimeline{Width: timeWidth, looked: d.StartedAt, scale: newTimeScale(instants(d))}
	y := timeTop
	places := map[string]timeLife{}
	for _, lane := range d.Timeline.Lanes {
		drawn := timeLane{Lane: lane, Y: y + 17}
		y += timeHead
		for _, life := range lane.Runs {
			row := t.life(life, y)
			drawn.Rows, places[life.ID] = append(drawn.Rows, row), row
			y += timeRow
		}
		t.Lanes = append(t.Lanes, drawn)
		y += 6
	}
	t.Height = y + 4
	for _, lane := range t.Lanes {
		for _, row := range lane.Rows {
			if next, ok := places[row.Next]; ok && row.Next != "" {
				t.Links = append(t.Links, fmt.Sprintf("M%d %d V%d H%d", row.X+row.Wide, row.BarY+timeBar, next.BarY+timeBar/2, next.X))
			}
		}
	}
	t.Clock = t.scale.clock(d.StartedAt)
	return t
}

// end is when a life ended, or when it was looked at.
func (t *htmlTimeline) end(l Life) time.Time {
	if l.End.IsZero() {
		return t.looked
	}
	return l.End
}

func (t *htmlTimeline) life(l Life, y int) timeLife {
	x := t.scale.at(l.Start)
	row := timeLife{Life: l, X: x, Y: y, Wide: max(t.scale.at(t.end(l))-x, 3), BarY: y + (timeRow-timeBar)/2, BarTall: timeBar}
	taken, lost := 0, 0
	for _, mark := range l.Marks {
		at := timeMark{mark, min(max(t.scale.at(mark.Time), x), max(x+row.Wide, x)), y + timeRow/2}
		row.MarkRows = append(row.MarkRows, at)
		switch mark.Kind {
		case MarkTaken:
			taken = at.X
		case MarkLost, MarkUnsure, MarkDropped:
			lost++
			row.Lost, row.LostX = fmt.Sprintf("%s, %s", mark.Kind, mark.Code), at.X
			if mark.Kind != MarkDropped && row.After == 0 {
				row.After = max(taken, x)
			}
			switch {
			case mark.Kind == MarkUnsure:
				row.Lost = fmt.Sprintf("some of %d lost, %s", lost, mark.Code)
			case mark.Kind == MarkLost && lost > 1:
				row.Lost = fmt.Sprintf("%d %s", lost, row.Lost)
			}
		}
	}
	row.LostWay = max(x+row.Wide-row.After, 0)
	if row.LostX, row.Anchor = max(row.LostX+10, x+row.Wide+6), "start"; row.LostX > timeRight-80 {
		row.LostX, row.Anchor = x-8, "end"
	}
	return row
}

// instants are all the times that are drawn, in order, each once.
func instants(d *Document) []time.Time {
	var all []time.Time
	for _, lane := range d.Timeline.Lanes {
		for _, life := range lane.Runs {
			all = append(all, life.Start)
			if life.End.IsZero() {
				all = append(all, d.StartedAt)
			} else {
				all = append(all, life.End)
			}
			for _, mark := range life.Marks {
				all = append(all, mark.Time)
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// timeScale gives each instant its place. Milliseconds decide whether a signal is lost, and hours pass between the
// signals: so long pauses are drawn shorter, and short ones longer, but each instant stands where it belongs in the order.
type timeScale struct {
	times  []time.Time
	places []float64
}

// pauses is the power to which the time between two instants is raised: 1 would be true to scale.
const pauses = 0.4

func newTimeScale(times []time.Time) timeScale {
	s := timeScale{times: times, places: make([]float64, len(times))}
	sum := 0.0
	for i := range times {
		if i > 0 {
			sum += math.Pow(times[i].Sub(times[i-1]).Seconds(), pauses)
		}
		s.places[i] = sum
	}
	for i := range s.places {
		if sum > 0 {
			s.places[i] /= sum
		}
		s.places[i] = timeLeft + s.places[i]*(timeRight-timeLeft)
	}
	return s
}

// at is where an instant is drawn; it is one of those that the scale was made of.
func (s timeScale) at(t time.Time) int {
	i, _ := slices.BinarySearchFunc(s.times, t, time.Time.Compare)
	return int(math.Round(s.places[min(i, len(s.places)-1)]))
}

// clock chooses instants to write above the lives, far enough from each other to be read.
func (s timeScale) clock(looked time.Time) []timeTick {
	var ticks []timeTick
	layout := time.TimeOnly
	if n := len(s.times); n > 0 && s.times[n-1].Sub(s.times[0]) < 10*time.Minute {
		layout += ".000"
	}
	last := -timeLabels
	for i, at := range s.times {
		x := int(math.Round(s.places[i]))
		if x-last < timeLabels {
			continue
		}
		ticks, last = append(ticks, timeTick{x, at.In(looked.Location()).Format(layout)}), x
	}
	return ticks
}

// Lasted is how long a life lasted.
func (l timeLife) Lasted() string {
	if l.End.IsZero() {
		return "goes on"
	}
	return exactly(l.End.Sub(l.Start))
}

// Words is a kind of mark as the legend and the table call it.
func (k MarkKind) Words() string {
	return map[MarkKind]string{
		MarkReceived: "received", MarkTaken: "batch taken", MarkHanded: "handed on", MarkLost: "lost", MarkUnsure: "perhaps lost", MarkDropped: "dropped",
		MarkDelivered: "lost, delivered since", MarkFault: "fault", MarkNote: "of note",
	}[k]
}

// Kinds are the kinds of marks in the picture, for its legend.
func (t *htmlTimeline) Kinds() []MarkKind {
	var kinds []MarkKind
	for _, kind := range []MarkKind{MarkReceived, MarkTaken, MarkHanded, MarkLost, MarkUnsure, MarkDropped, MarkDelivered, MarkFault, MarkNote} {
		if slices.ContainsFunc(t.Lanes, func(l timeLane) bool {
			return slices.ContainsFunc(l.Runs, func(r Life) bool {
				return slices.ContainsFunc(r.Marks, func(m Mark) bool { return m.Kind == kind })
			})
		}) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}
