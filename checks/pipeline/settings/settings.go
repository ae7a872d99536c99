// Package settings answers two questions about a pipeline's settings that must never be mixed: where does the doctor
// connect ([Load]), and what do the pipeline's own commands see ([Settings.Seen]).
package settings

import (
	"strconv"
	"sync"
	"time"
)

// NoEnvFile is why what needs an env file was not done where there is none.
const NoEnvFile = "no PostHog folder here or above, and no --env-file"

// Settings is what was set: for the doctor's own connections, and for the pipeline's commands.
type Settings struct {
	Folder     string            // the PostHog folder; "" when none was found
	EnvFiles   []EnvFile         // the doctor's env files, the one that wins last; absent ones are listed, too
	Example    EnvFile           // .env.example of the folder, from which .env was copied; it decides nothing
	CheckFiles []CheckFile       `json:",omitempty"` // the team's own checks
	Process    map[string]string // the process environment, secrets and all

	Temporal      Temporal
	ClickHouse    ClickHouse
	ObjectStorage ObjectStorage
	Docker        Docker
	Postgres      Postgres
	Support       []Support // in the order in which a signal needs them
	PayloadKeys   []Secret  `json:"-"` // what payloads may be encrypted with, the likeliest first, PostHog's own default last

	asked    *sync.Map // the names that [Settings.Seen] or [Settings.Worker] was asked for; nil where nobody wants to know
	recorded []string  // the names that had been asked for when these settings were recorded; nil when they were not
}

// Secret is a value that must not be printed.
type Secret string

// String hides the secret from every format verb.
func (Secret) String() string { return "(secret)" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "(secret)" }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// Origin says where a value comes from.
type Origin struct {
	Flag    string // "--clickhouse-url", of a flag
	Process bool   // the process environment
	File    string // the path of an env file, or of another file that decides
	Line    int    // its line, from 1; 0 when the whole file is meant
	Default bool   // nothing set it
}

func (o Origin) String() string {
	switch {
	case o.Flag != "":
		return o.Flag
	case o.Process:
		return "process environment"
	case o.Line > 0:
		return o.File + ":" + strconv.Itoa(o.Line)
	case o.File != "":
		return o.File
	}
	return "default"
}

// Address is where a service is expected.
type Address struct {
	Setting string // the setting that names it, such as TEMPORAL_UI_HOST
	URL     string // without credentials
	Origin  Origin // a pure default with nothing behind it is no configured source
}

// Temporal is the Temporal UI's HTTP port, which serves the API under /api/v1.
type Temporal struct {
	Address
	Namespace string
}

// ClickHouse is a ClickHouse server, over the native protocol or HTTP.
type ClickHouse struct {
	Address  // clickhouse://host:port, http://… or https://…, always with a port
	User     string
	Password Secret
	Secure   bool // TLS
	Verify   bool // the server's certificate must be valid (CLICKHOUSE_VERIFY)
	// Embeddings is the database that the embedding tables belong in: posthog unless DOCTOR_EMBEDDINGS_DATABASE says otherwise.
	Embeddings string
}

// ObjectStorage is an S3 server.
type ObjectStorage struct {
	Address
	Enabled   bool // OBJECT_STORAGE_ENABLED: when it is off, the pipeline's writes silently do nothing
	AccessKey string
	SecretKey Secret
	Region    string
	Bucket    string
	Tasks     string // the folder of the task runs' logs
}

// Docker is a Docker engine: unix://… or tcp://….
type Docker struct {
	Address
	Provider string // SANDBOX_PROVIDER; "" when it is unset
}

// Postgres is the product's database.
type Postgres struct {
	Address        // postgres://host:port/database
	DSN     Secret // the same with credentials
}

// EnvFile is one env file as it was read.
type EnvFile struct {
	Path     string // absolute
	Absent   bool
	Problem  string // why it cannot be read, of a file that decides nothing
	Starter  bool   // only bin/start reads it: what a plain shell runs does not see it
	Modified time.Time
	Lines    []Line            // assignments, commented-out ones too, in order
	Values   map[string]string // what godotenv sees: the last line of a name wins
}

// Line is one assignment in an env file.
type Line struct {
	Number int // from 1; of an assignment over several lines the first one's
	Name   string
	// Value is what godotenv reads. Where a later line of the name wins, or the line is commented out, variables in the
	// value stay as they are written.
	Value     string
	Commented bool
	// Shell is what a shell that sources the file makes of the line, as PostHog's flox activation does
	// (.flox/env/on-activate.sh); nil where it sees the same, and where that cannot be told.
	Shell *ShellView
}

// ShellView is an assignment in the eyes of a shell.
type ShellView struct {
	Set   bool // the shell takes the line for an assignment of the name
	Value string
}

func (v ShellView) String() string {
	if !v.Set {
		return "a shell that sources the file does not set it"
	}
	return "a shell that sources the file sees " + strconv.Quote(v.Value)
}

// Sighting is one place where a setting was seen, as the pipeline's commands see it.
type Sighting struct {
	Origin    Origin
	Value     string
	Commented bool
	Starter   bool       // in a file that only bin/start reads
	Shell     *ShellView // see [Line]
	Effective bool       // the one that counts
}
