package command

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"doctor/report"
)

func (p *program) versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "say what was built from what",
		Description: `The first line is the doctor's own version; doctor --version prints only that.

Examples
  doctor version
  doctor --version
  doctor version --format json`,
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "version", Destination: &p.options.short, DisableDefaultText: true, Usage: "only the first line"}},
		Action: func(*cli.Context) error { return p.version() },
	}
}

// clients are the libraries that decide what services the doctor can talk to, and how it reads settings.
var clients = []string{
	"github.com/ClickHouse/clickhouse-go/v2",
	"github.com/docker/docker",
	"github.com/go-resty/resty/v2",
	"github.com/jackc/pgx/v5",
	"github.com/joho/godotenv",
	"github.com/minio/minio-go/v7",
	"github.com/urfave/cli/v2",
}

// built is what is known of how the program was built.
type built struct {
	Version   string            `json:"version"`
	Revision  string            `json:"revision,omitempty"`
	Time      string            `json:"time,omitempty"` // of the revision
	Modified  bool              `json:"modified"`       // the revision does not tell all
	Go        string            `json:"go"`
	Platform  string            `json:"platform"`
	Libraries map[string]string `json:"libraries"`
}

func build() built {
	b := built{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Libraries: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.time":
			b.Time = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	for _, dependency := range info.Deps {
		if slices.Contains(clients, dependency.Path) {
			b.Libraries[dependency.Path] = dependency.Version
		}
	}
	return b
}

// String is the build in one line.
func (b built) String() string {
	line := "doctor " + b.Version
	if b.Revision != "" && !strings.Contains(b.Version, b.Revision[:min(12, len(b.Revision))]) {
		line += " " + b.Revision[:min(12, len(b.Revision))]
		if b.Modified {
			line += "+dirty"
		}
	}
	return fmt.Sprintf("%s %s %s", line, b.Go, b.Platform)
}

func (p *program) version() error {
	b := build()
	return p.print(b, func(out io.Writer) error {
		if _, err := fmt.Fprintln(out, b); err != nil || p.options.short {
			return err
		}
		var rows []report.Row
		for _, path := range clients {
			if version := b.Libraries[path]; version != "" {
				rows = append(rows, report.Row{Cells: []string{path}, Text: version})
			}
		}
		return report.Rows(out, rows, p.text())
	})
}
