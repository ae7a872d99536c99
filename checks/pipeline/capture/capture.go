// Package capture keeps what was observed of a pipeline in a file, from which the same checks make the same diagnosis: on
// another machine, on another day, without any service. A capture holds no secret.
package capture

import (
	"fmt"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// format is the version of the files that are written. A file of a higher one is refused.
const format = 1

// Capture is a pipeline as it was observed at an instant.
type Capture struct {
	About        About
	Settings     *settings.Settings
	Observations []pipeline.Observation
}

// About says what was captured.
type About struct {
	Format   int               `json:"format"`
	Doctor   string            `json:"doctor"`   // the version of the doctor that looked
	Recorded time.Time         `json:"recorded"` // the instant that the pipeline is judged at, with the zone that times are shown in
	Team     int64             `json:"team"`
	Since    time.Time         `json:"since"`
	Content  bool              `json:"content"`  // texts that no check needs are there, too
	Versions map[string]string `json:"versions"` // of the services that answered
}

// Back is how far back was looked.
func (a About) Back() time.Duration { return a.Recorded.Sub(a.Since) }

// Of takes down what a world was asked in a diagnosis. See [pipeline.World.Record] for content.
func Of(w *pipeline.World, about About) (*Capture, error) {
	observations, err := w.Record(about.Content)
	if err != nil {
		return nil, err
	}
	about.Format, about.Recorded, about.Versions = format, w.Now, w.Versions()
	return &Capture{about, w.Settings, observations}, nil
}

// World is the captured pipeline. It reaches out to nothing.
func (c *Capture) World() *pipeline.World {
	return pipeline.Replayed(c.Settings, c.About.Recorded, c.Observations)
}

// Error is a file that cannot be used as a capture. It says why in one line.
type Error struct {
	Path    string
	Problem string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s is no capture that can be used: %s", e.Path, e.Problem)
}
