package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"doctor/checks"
)

// Prometheus writes the document in the text format that Prometheus reads from an endpoint or a file
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Series are a few for each code and check, however much is
// broken: titles and subjects stay out, for labels are kept for ever.
func Prometheus(w io.Writer, d *Document) error {
	m := metrics{}
	m.family("doctor_healthy", "Whether something was looked at, and nothing above information is wrong.")
	m.sample(truth(d.Summary.Status == Healthy))
	m.family("doctor_findings", "Active findings by code.")
	for _, f := range findingsByCode(d) {
		m.sample(f.count, "code", string(f.code), "severity", string(f.severity), "root", fmt.Sprint(f.root))
	}
	m.family("doctor_recovered_findings", "Findings that have recovered.")
	m.sample(float64(d.Summary.Recovered))
	m.family("doctor_checks", "Checks by how they ended.")
	for _, status := range slices.Sorted(maps.Keys(d.Summary.Checks)) {
		m.sample(float64(d.Summary.Checks[status]), "status", string(status))
	}
	m.family("doctor_check_passed", "Whether a check passed; no sample where it could not look.")
	for _, c := range d.Checks {
		if c.Status == checks.Passed || c.Status == checks.Failed {
			m.sample(truth(c.Status == checks.Passed), "check", c.ID)
		}
	}
	m.family("doctor_stage_state", "1 for the state that a stage of the pipeline is in.")
	for _, s := range d.Pipeline {
		m.sample(1, "stage", string(s.Stage), "state", string(s.State))
	}
	if s := d.NewestSignal; s != nil {
		m.family("doctor_newest_signal", "1 for where the newest signal is.")
		m.sample(1, "stage", string(s.Stage), "state", string(s.State), "code", string(s.Code))
		m.family("doctor_newest_signal_sent_timestamp_seconds", "When the newest signal was sent.")
		m.sample(float64(s.SentAt.UnixMilli()) / 1000)
	}
	m.family("doctor_diagnosis_timestamp_seconds", "When this was looked at.")
	m.sample(float64(d.StartedAt.UnixMilli()) / 1000)
	if d.Mode != Replay {
		m.family("doctor_diagnosis_duration_seconds", "How long looking took.")
		m.sample(d.DurationMS / 1000)
	}
	_, err := io.WriteString(w, m.String())
	return err
}

// metrics is text in the making.
type metrics struct {
	strings.Builder
	name string
}

// family begins the samples of one name. All of them are gauges.
func (m *metrics) family(name, help string) {
	m.name = name
	fmt.Fprintf(m, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (m *metrics) sample(value float64, labels ...string) {
	var said []string
	for pair := range slices.Chunk(labels, 2) {
		said = append(said, pair[0]+`="`+labelEscapes.Replace(Line(pair[1]))+`"`)
	}
	m.WriteString(m.name)
	if len(said) > 0 {
		m.WriteString("{" + strings.Join(said, ",") + "}")
	}
	fmt.Fprintf(m, " %s\n", strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.6f", value), "0"), "."))
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// ofCode is how many active findings are alike.
type ofCode struct {
	code     checks.Code
	severity checks.Severity
	root     bool
	count    float64
}

func findingsByCode(d *Document) []ofCode {
	var all []ofCode
	for _, f := range d.Findings {
		if f.State != checks.Active {
			continue
		}
		at := slices.IndexFunc(all, func(c ofCode) bool { return c.code == f.Code && c.severity == f.Severity && c.root == f.Root })
		if at < 0 {
			at, all = len(all), append(all, ofCode{f.Code, f.Severity, f.Root, 0})
		}
		all[at].count++
	}
	return all
}
