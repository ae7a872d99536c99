package report

import (
	"bytes"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"doctor/checks"
)

// Prometheus' own parser reads what is written, whatever the pipeline says.
func TestPrometheusIsRead(t *testing.T) {
	for name, d := range diagnoses() {
		var out bytes.Buffer
		if err := Prometheus(&out, d); err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(&out)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		findings := 0.0
		for _, m := range families["doctor_findings"].GetMetric() {
			findings += m.GetGauge().GetValue()
		}
		active := 0.0
		for _, f := range d.Findings {
			if f.State == checks.Active {
				active++
			}
		}
		if findings != active || len(families["doctor_healthy"].GetMetric()) != 1 {
			t.Errorf("%s: %g findings are counted, want %g", name, findings, active)
		}
	}
}
