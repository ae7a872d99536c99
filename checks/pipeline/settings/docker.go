package settings

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
)

// docker is where the sandboxes run: at DOCKER_HOST, else where the active docker context says, as for docker itself.
func (s *Settings) docker() (Docker, error) {
	address, err := s.dockerAddress()
	return Docker{Address: address, Provider: s.lookOr("SANDBOX_PROVIDER", "")}, err
}

func (s *Settings) dockerAddress() (Address, error) {
	if value, origin := s.look("DOCKER_HOST"); !origin.Default {
		return engine("DOCKER_HOST", value, origin)
	}
	folder := s.Process["DOCKER_CONFIG"]
	if folder == "" && s.Process["HOME"] != "" {
		folder = filepath.Join(s.Process["HOME"], ".docker")
	}
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	// docker itself goes on with its default where this file cannot be read, so that this is no mistake in what was set.
	_ = readJSON(filepath.Join(folder, "config.json"), &config)
	context := cmp.Or(s.Process["DOCKER_CONTEXT"], config.CurrentContext, "default")
	if folder == "" || context == "default" {
		return engine("DOCKER_HOST", "unix:///var/run/docker.sock", Origin{Default: true})
	}
	sum := sha256.Sum256([]byte(context))
	path := filepath.Join(folder, "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json")
	var meta struct {
		Endpoints struct {
			Docker struct{ Host string } `json:"docker"`
		}
	}
	if err := readJSON(path, &meta); err != nil {
		return Address{}, &Error{
			Setting: "docker context " + context, Origin: Origin{File: path},
			Problem: reason(err) + "; choose another one, or set DOCKER_HOST", Err: err,
		}
	}
	return engine("docker context "+context, meta.Endpoints.Docker.Host, Origin{File: path})
}

func engine(setting, value string, origin Origin) (Address, error) {
	u, err := url.Parse(value)
	if err != nil || u.Host+u.Path == "" || !slices.Contains([]string{"unix", "tcp", "http", "https", "npipe", "ssh"}, u.Scheme) {
		return Address{}, malformed(setting, origin, "unix:///path or tcp://host:port")
	}
	u.User = nil
	return Address{setting, u.String(), origin}, nil
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
