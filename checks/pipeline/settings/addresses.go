package settings

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The defaults are those of a pipeline whose services' ports are on this machine. PostHog's own are the compose file's
// host names, which only resolve where /etc/hosts was told of them.

// temporal is where the Temporal UI is (posthog/settings/temporal.py).
func (s *Settings) temporal() (Temporal, error) {
	address, err := s.web("TEMPORAL_UI_HOST", "http://localhost:8081")
	return Temporal{Address: address, Namespace: s.lookOr("TEMPORAL_NAMESPACE", "default")}, err
}

// objectStorage is where batches and agent logs are (posthog/settings/object_storage.py).
func (s *Settings) objectStorage() (ObjectStorage, error) {
	address, err := s.web("OBJECT_STORAGE_ENDPOINT", "http://localhost:19000")
	return ObjectStorage{
		Address:   address,
		Enabled:   s.lookBool("OBJECT_STORAGE_ENABLED", true),
		AccessKey: s.lookOr("OBJECT_STORAGE_ACCESS_KEY_ID", "object_storage_root_user"),
		SecretKey: Secret(s.lookOr("OBJECT_STORAGE_SECRET_ACCESS_KEY", "object_storage_root_password")),
		Region:    s.lookOr("OBJECT_STORAGE_REGION", "us-east-1"),
		Bucket:    s.lookOr("OBJECT_STORAGE_BUCKET", "posthog"),
		Tasks:     s.lookOr("OBJECT_STORAGE_TASKS_FOLDER", "tasks"),
	}, err
}

// web is an HTTP address.
func (s *Settings) web(name, fallback string) (Address, error) {
	value, origin := s.look(name)
	if origin.Default {
		value = fallback
	}
	u, ok := parseURL(value, "http", "https")
	if !ok || u.User != nil || u.RawQuery != "" {
		return Address{}, malformed(name, origin, "http://host:port or https://host:port, without a user")
	}
	return Address{name, strings.TrimRight(u.String(), "/"), origin}, nil
}

// parseURL accepts an absolute URL of one of the schemes, with a host and, where there is a port, one that exists.
func parseURL(value string, schemes ...string) (*url.URL, bool) {
	u, err := url.Parse(value)
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Hostname() == "" || u.Fragment != "" {
		return nil, false
	}
	return u, !strings.HasSuffix(u.Host, ":") && (u.Port() == "" || isPort(u.Port()))
}

func isPort(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0
}

// clickHouse is where the embeddings are asked for: at any URL that the doctor was given, else where PostHog connects
// (posthog/settings/data_stores.py), over the native protocol as PostHog does.
func (s *Settings) clickHouse(flag string) (ClickHouse, error) {
	c := ClickHouse{
		User:       s.lookOr("CLICKHOUSE_USER", "default"),
		Password:   Secret(s.lookOr("CLICKHOUSE_PASSWORD", "")),
		Secure:     s.lookBool("CLICKHOUSE_SECURE", false),
		Verify:     s.lookBool("CLICKHOUSE_VERIFY", true),
		Embeddings: s.lookOr("DOCTOR_EMBEDDINGS_DATABASE", "posthog"),
	}
	if flag != "" {
		return c.at("--clickhouse-url", flag, Origin{Flag: "--clickhouse-url"})
	}
	if value, origin := s.look("DOCTOR_CLICKHOUSE_URL"); !origin.Default {
		return c.at("DOCTOR_CLICKHOUSE_URL", value, origin)
	}
	host, origin := s.look("CLICKHOUSE_HOST")
	if origin.Default {
		host = "localhost"
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		host = "[" + host + "]"
	}
	u, ok := parseURL("clickhouse://"+host, "clickhouse")
	if !ok || u.Host != host {
		return ClickHouse{}, malformed("CLICKHOUSE_HOST", origin, "host or host:port (DOCTOR_CLICKHOUSE_URL takes URLs)")
	}
	c.Address = Address{"CLICKHOUSE_HOST", c.withPort(u), origin}
	return c, nil
}

// at completes the connection by a URL. What the URL says of user, password and TLS comes before the other settings; a
// database in it is of no use here, since every question names its own.
func (c ClickHouse) at(setting, value string, origin Origin) (ClickHouse, error) {
	wrong := malformed(setting, origin, "a URL such as clickhouse://host:9000 or http://user:password@host:8123 (also https://)")
	u, ok := parseURL(value, "clickhouse", "http", "https")
	if !ok {
		return ClickHouse{}, wrong
	}
	query := u.Query()
	for name := range query {
		if !slices.Contains([]string{"secure", "username", "password", "database"}, name) {
			return ClickHouse{}, wrong
		}
	}
	c.User = cmp.Or(u.User.Username(), query.Get("username"), c.User)
	password, _ := u.User.Password()
	c.Password = cmp.Or(Secret(password), Secret(query.Get("password")), c.Password)
	switch {
	case u.Scheme != "clickhouse":
		c.Secure = u.Scheme == "https"
	case query.Has("secure"):
		c.Secure = IsTrue(query.Get("secure"))
	}
	c.Address = Address{setting, c.withPort(u), origin}
	return c, nil
}

// withPort is the URL's scheme and host with the port that ClickHouse listens on unless the URL names another.
func (c ClickHouse) withPort(u *url.URL) string {
	port := "9000"
	switch {
	case u.Scheme == "http":
		port = "8123"
	case u.Scheme == "https":
		port = "8443"
	case c.Secure:
		port = "9440"
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
}

// postgres is where reports and task runs are: DATABASE_URL, else the PG* settings (posthog/settings/data_stores.py).
func (s *Settings) postgres() (Postgres, error) {
	if value, origin := s.look("DATABASE_URL"); !origin.Default {
		u, ok := parseURL(value, "postgres", "postgresql")
		if !ok {
			return Postgres{}, malformed("DATABASE_URL", origin,
				"postgres://user:password@host:port/database, with special characters percent-encoded")
		}
		return Postgres{Address{"DATABASE_URL", withoutSecrets(u), origin}, Secret(value)}, nil
	}
	setting, host, origin := "PGHOST", "localhost", Origin{Default: true}
	port, portOrigin := s.look("PGPORT")
	if !portOrigin.Default {
		if !isPort(port) {
			return Postgres{}, malformed("PGPORT", portOrigin, "a port number")
		}
		setting, origin = "PGPORT", portOrigin
	}
	if value, hostOrigin := s.look("PGHOST"); !hostOrigin.Default {
		setting, host, origin = "PGHOST", value, hostOrigin
	}
	u := &url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(s.lookOr("PGUSER", "posthog"), s.lookOr("PGPASSWORD", "posthog")),
		Host:   net.JoinHostPort(host, cmp.Or(port, "5432")),
		Path:   "/" + s.lookOr("PGDATABASE", "posthog"),
	}
	if _, ok := parseURL(u.String(), "postgres"); !ok {
		return Postgres{}, malformed("PGHOST", origin, "a host name or an address")
	}
	return Postgres{Address{setting, withoutSecrets(u), origin}, Secret(u.String())}, nil
}

// withoutSecrets leaves out user and options: a password may stand in either.
func withoutSecrets(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
