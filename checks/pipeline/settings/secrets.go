package settings

import (
	"maps"
	"net/url"
	"slices"

	"doctor/checks/pipeline/redact"
)

// defaults are what PostHog's repository sets for development on one machine, under names that say secret and in URLs
// (posthog/settings/access.py, posthog/settings/object_storage.py, .env.services, .env.development, docker-compose.dev.yml).
// Everybody has them.
var defaults = []string{
	debugSecretKey, "posthog", "object_storage_root_user", "object_storage_root_password", "apipass", "dev-internal-token", "password",
}

// Secrets returns what must leave the program in no form, and the values that are public, for [redact.New]. Secrets are
// those of the env files, whichever of their lines count, of the process environment, and of the doctor's own connections.
func (s *Settings) Secrets() (seeds []redact.Seed, public []string) {
	c := collection{known: map[string]bool{}}
	for _, file := range s.EnvFiles {
		for _, line := range file.Lines {
			c.add(line.Name, line.Value)
			if line.Shell != nil {
				c.add(line.Name, line.Shell.Value)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(file.Values)) {
			c.add(name, file.Values[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Process)) {
		c.add(name, s.Process[name])
	}
	c.add("CLICKHOUSE_PASSWORD", string(s.ClickHouse.Password))
	c.add("OBJECT_STORAGE_SECRET_ACCESS_KEY", string(s.ObjectStorage.SecretKey))
	if u, err := url.Parse(string(s.Postgres.DSN)); err == nil {
		password, _ := u.User.Password()
		c.add("PGPASSWORD", password)
	}
	for _, key := range s.PayloadKeys {
		c.add("SECRET_KEY", string(key))
	}
	for _, line := range s.Example.Lines {
		c.public = append(c.public, line.Value)
	}
	c.public = append(c.public, defaults...)
	c.public = append(c.public, ComposeHosts...)
	c.public = append(c.public, s.ClickHouse.User, s.ClickHouse.Embeddings, s.Temporal.Namespace,
		s.ObjectStorage.AccessKey, s.ObjectStorage.Region, s.ObjectStorage.Bucket, s.ObjectStorage.Tasks)
	return c.seeds, c.public
}

// collection is secrets without those that are there twice, and values that are public.
type collection struct {
	seeds  []redact.Seed
	public []string
	known  map[string]bool // the values of the seeds
}

// add takes in a setting. The value of one without secrets is public, so that a password that is a plain name, as posthog
// is one of user, password and database, is not looked for in all texts.
func (c *collection) add(name, value string) {
	if value == Secret("").String() {
		return // a recording of a secret
	}
	seeds := redact.In(name, value)
	for _, seed := range seeds {
		if !c.known[seed.Value] {
			c.known[seed.Value] = true
			c.seeds = append(c.seeds, seed)
		}
	}
	if len(seeds) == 0 && !redact.SaysSecret(name) && !redact.Random(value) {
		c.public = append(c.public, value)
	}
}
