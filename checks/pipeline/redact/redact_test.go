package redact_test

import (
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"doctor/checks/pipeline/redact"
)

// No secret stands in this file as it would have to be found: whoever scans it finds nothing.

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	base64url    = alphanumeric + "-_"
	base64std    = alphanumeric + "+/"
	base32       = "abcdefghijklmnopqrstuvwxyz234567"
	hex          = "0123456789abcdef"
)

// draw makes a random text, the same for each seed.
func draw(seed uint64, alphabet string, length int) string {
	source := rand.New(rand.NewPCG(seed, 1))
	text := make([]byte, length)
	for i := range text {
		text[i] = alphabet[source.IntN(len(alphabet))]
	}
	return string(text)
}

func token(header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + draw(3, base64url, 43)
}

func pem(label, lineBreak string) string {
	lines := []string{"-----BEGIN " + label + "-----"}
	for i := range 5 {
		lines = append(lines, draw(uint64(i), base64std, 64))
	}
	return strings.Join(append(lines, "-----END "+label+"-----"), lineBreak)
}

func TestFind(t *testing.T) {
	anthropic := "sk-ant-api03-" + draw(1, base64url, 93) + "AA"
	pat := "github_pat_" + draw(2, alphanumeric, 22) + "_" + draw(3, alphanumeric, 59)
	session := token(`{"alg":"HS256","typ":"JWT"}`, `{"sub":"7"}`)
	aws := draw(4, base64std, 40)
	for name, test := range map[string]struct {
		text string
		want []string // kind, and what was found
	}{
		"Anthropic":          {"KEY=" + anthropic + "\n", []string{"Anthropic API key", anthropic}},
		"in quotes":          {`key: "` + anthropic + `",`, []string{"Anthropic API key", anthropic}},
		"behind an escape":   {`"x\n` + anthropic + `\n"`, []string{"Anthropic API key", anthropic}},
		"behind \\u":         {`"\u0022` + anthropic + `"`, []string{"Anthropic API key", anthropic}},
		"in a query":         {"?k%3D" + anthropic + "&x", []string{"Anthropic API key", anthropic}},
		"at both ends":       {anthropic, []string{"Anthropic API key", anthropic}},
		"OpenAI, project":    {"sk-proj-" + draw(5, base64url, 120), []string{"OpenAI API key", "sk-proj-" + draw(5, base64url, 120)}},
		"OpenAI, older":      {"sk-" + draw(6, alphanumeric, 48), []string{"OpenAI API key", "sk-" + draw(6, alphanumeric, 48)}},
		"GitHub":             {"ghp_" + draw(7, alphanumeric, 36), []string{"GitHub token", "ghp_" + draw(7, alphanumeric, 36)}},
		"GitHub, of an app":  {"x ghs_" + draw(7, alphanumeric, 36) + "-x", []string{"GitHub token", "ghs_" + draw(7, alphanumeric, 36)}},
		"GitHub, fine":       {pat, []string{"GitHub token", pat}},
		"PostHog":            {"phx_" + draw(8, alphanumeric, 43), []string{"PostHog personal API key", "phx_" + draw(8, alphanumeric, 43)}},
		"PostHog, secret":    {"phs_" + draw(8, alphanumeric, 43), []string{"PostHog secret key", "phs_" + draw(8, alphanumeric, 43)}},
		"Slack":              {"xoxb-" + draw(9, "0123456789", 12) + "-" + draw(9, alphanumeric, 24), []string{"Slack token", "xoxb-" + draw(9, "0123456789", 12) + "-" + draw(9, alphanumeric, 24)}},
		"Slack, webhook":     {"https://hooks.slack.com/services/T" + draw(1, alphanumeric, 9) + "/B" + draw(2, alphanumeric, 9) + "/" + draw(3, alphanumeric, 24) + " ", []string{"Slack webhook", "hooks.slack.com/services/T" + draw(1, alphanumeric, 9) + "/B" + draw(2, alphanumeric, 9) + "/" + draw(3, alphanumeric, 24)}},
		"Stripe":             {"sk_live_" + draw(10, alphanumeric, 24), []string{"Stripe live key", "sk_live_" + draw(10, alphanumeric, 24)}},
		"AWS, by the id":     {"id = AKIA" + draw(11, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16) + "\nsecret = " + aws + "\n", []string{"AWS secret access key", aws}},
		"AWS, before the id": {"secret: '" + aws + "', id: 'ASIA" + draw(11, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16) + "'", []string{"AWS secret access key", aws}},
		"AWS, by its name":   {"AWS_SECRET_ACCESS_KEY=" + aws, []string{"AWS secret access key", aws}},
		"web token":          {"Bearer " + session + "\n", []string{"JSON web token", session}},
		"private key":        {"x\n" + pem("RSA PRIVATE KEY", "\n") + "\n", []string{"private key", pem("RSA PRIVATE KEY", "\n")}},
		"in one line":        {`K="` + pem("PRIVATE KEY", `\n`) + `"`, []string{"private key", pem("PRIVATE KEY", `\n`)}},
		"OpenSSH":            {pem("OPENSSH PRIVATE KEY", "\r\n"), []string{"private key", pem("OPENSSH PRIVATE KEY", "\r\n")}},
		"PGP":                {pem("PGP PRIVATE KEY BLOCK", "\n"), []string{"private key", pem("PGP PRIVATE KEY BLOCK", "\n")}},
		"password":           {"postgres://me:Tr0ub4dor@db.acme.dev:5432/x", []string{"password in a URL", "Tr0ub4dor"}},
		"no user":            {"redis://:Tr0ub4dor@cache.acme.dev/0", []string{"password in a URL", "Tr0ub4dor"}},
		"a token as such":    {"https://me:ghp_" + draw(7, alphanumeric, 36) + "@github.com/x", []string{"GitHub token", "ghp_" + draw(7, alphanumeric, 36)}},
		"two":                {anthropic + " ghp_" + draw(7, alphanumeric, 36), []string{"Anthropic API key", anthropic, "GitHub token", "ghp_" + draw(7, alphanumeric, 36)}},

		"nothing":               {"", nil},
		"short":                 {"sk-ant-api03-abc sk-... ghp_short phx_x sk-proj-", nil},
		"a slug":                {"sk-some-class-name-that-goes-on-and-on-for-ever-and-ever", nil},
		"within a word":         {"task-" + draw(6, alphanumeric, 48) + " disk-" + draw(6, alphanumeric, 48), nil},
		"a commit":              {"AKIA" + draw(11, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16) + " " + draw(4, hex, 40), nil},
		"an id without secret":  {"AKIA" + draw(11, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), nil},
		"another kind of key":   {"AWS_SECRET_ACCESS_KEY=${SECRET}", nil},
		"base64 of an object":   {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", nil},
		"a header only":         {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.x.y", nil},
		"no objects":            {"eyJ" + draw(1, alphanumeric, 20) + ".eyJ" + draw(2, alphanumeric, 20) + "." + draw(3, base64url, 43), nil},
		"a public key":          {pem("PUBLIC KEY", "\n"), nil},
		"a certificate":         {pem("CERTIFICATE", "\n"), nil},
		"a key left out":        {"-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----", nil},
		"a key without end":     {"-----BEGIN PRIVATE KEY-----\n" + draw(1, base64std, 300), nil},
		"a marker":              {`if strings.HasPrefix(key, "-----BEGIN RSA PRIVATE KEY-----") {`, nil},
		"no password":           {"https://me@acme.dev/x:y@z", nil},
		"a variable":            {"postgres://me:${PASSWORD}@db.acme.dev postgres://me:$P@db.acme.dev mysql://{user}:{password}@h", nil},
		"a path with a colon":   {"https://acme.dev/a:b@c", nil},
		"brackets":              {"mongodb://me:<password>@db.acme.dev", nil},
		"a port":                {"http://localhost:8000/@", nil},
		"publishable":           {"phc_" + draw(8, alphanumeric, 43) + " pk_live_" + draw(10, alphanumeric, 24), nil},
		"Stripe, for tests":     {"sk_test_" + draw(10, alphanumeric, 24), nil},
		"a development key":     {"phx_dev_local_test_api_key_1234567890abcdef", nil},
		"a hash in a lock file": {`"integrity": "sha512-` + draw(12, base64std, 86) + `=="`, nil},
		"a checksum":            {"github.com/x/y v1.2.3 h1:" + draw(13, base64std, 43) + "=", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, m := range redact.Find(test.text) {
				got = append(got, m.Kind, test.text[m.Start:m.End])
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestMaskTellsNothing(t *testing.T) {
	for text, want := range map[string]string{
		"sk-ant-api03-" + draw(1, base64url, 93):              "sk-ant-…(106 characters)",
		pem("EC PRIVATE KEY", "\n"):                           "-----BEGIN EC PRIVATE KEY-----…(384 characters)",
		"postgres://me:Tr0ub4dor@db.acme.dev/x":               "…(9 characters)",
		"aws_secret_access_key = " + draw(4, base64std, 40):   "…(40 characters)",
		token(`{"alg":"none"}`, `{"sub":"7"}`) + " and so on": "eyJ…(79 characters)",
	} {
		found := redact.Find(text)
		if len(found) != 1 || found[0].Mask() != want {
			t.Errorf("%.20s…: %+v, want one with the mask %q", text, found, want)
		}
	}
}

func TestAPasswordSaysWhereItOpensWhat(t *testing.T) {
	found := redact.Find("see amqps://ann:s3cr3t%21x@mq.acme.dev:5671/v for more")
	if len(found) != 1 || found[0].User != "ann" || found[0].Host != "mq.acme.dev" {
		t.Errorf("%+v", found)
	}
}

func TestPEMBodyIsTheSameHoweverItIsWritten(t *testing.T) {
	want := redact.PEMBody(pem("PRIVATE KEY", "\n"))
	if len(want) != 5*64 {
		t.Fatalf("the body has %d characters", len(want))
	}
	for _, written := range []string{`\n`, `\r\n`, "\r\n", "\n    ", `\n" +` + "\n\"", "\n# "} {
		if got := redact.PEMBody(pem("PRIVATE KEY", written)); written != `\n" +`+"\n\"" && got != want {
			t.Errorf("with %q: %q", written, got)
		}
	}
}

// A machine's choice is taken for one nearly always: not always, since chance makes words, too.
func TestRandom(t *testing.T) {
	for name, of := range map[string]struct {
		alphabet string
		length   int
		least    int // of 1000
	}{
		"hex":             {hex, 32, 970},
		"long hex":        {hex, 64, 990},
		"short hex":       {hex, 16, 900},
		"base 32":         {base32, 40, 880},
		"base 62":         {alphanumeric, 40, 960},
		"short base 62":   {alphanumeric, 20, 900},
		"base 64":         {base64url, 90, 990},
		"capitals, digit": {"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 32, 950},
	} {
		random := 0
		for seed := range uint64(1000) {
			if redact.Random(draw(seed, of.alphabet, of.length)) {
				random++
			}
		}
		if random < of.least {
			t.Errorf("%s of %d characters: %d of 1000 are random, want %d", name, of.length, random, of.least)
		}
	}
	for _, written := range []string{
		"", "posthog", "apipass", "object_storage_root_password", "object_storage_root_user", "dev-internal-token",
		"correcthorsebatterystaple", "MySuperSecretPassword2024", "TheQuickBrownFoxJumpsOver", "getItemByIdForTestsOnly",
		"0123456789abcdef0123456789abcdef", "abcdefghijklmnopqrstuvwxyz123456", "deadbeefdeadbeefdeadbeefdeadbeef", "a1b2c3d4e5f6a7b8c9d0",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "1111111111111111111111", "AKIAIOSFODNN7EXAMPLE", "1q2w3e4r5t6y7u8i",
		"550e8400-e29b-41d4-a716-446655440000", "018E4F2A-3B1C-7000-8000-1A2B3C4D5E6F", "http://localhost:8000/a/b/c/d/e",
		"development-task-queue", "text-embedding-3-small-1536", "models/gemini-3-flash-preview", "2026-11-24T14:00:00.000Z",
		"claude-sonnet-4-5", "phx_dev_local_test_api_key_1234567890abcdef", "postgres://posthog:posthog@db:5432/posthog",
		"TestStreamingSignV4ContentEncodingOnWire", "/path/to/posthog-code",
	} {
		if redact.Random(written) {
			t.Errorf("%q is taken for random", written)
		}
	}
}

func TestPlaceholder(t *testing.T) {
	for _, text := range []string{
		"/path/to/posthog-code", "path/to/key.pem", "your-key-here", "YOUR_API_KEY", "your_token", "<token>", "<your key>", "[key]", "{{ token }}", "sk-...",
		"sk-ant-…", "xxx", "xxxx-xxxx", "sk-ant-XXXXXXXX", "changeme", "change-me", "CHANGE_ME", "replace-me", "replace_with_your_key", "placeholder",
		"fill-me-in", "api-key-here", "todo", "TBD", "none", "null", "***", "insert-key", "ghp_yourtokenhere12345678901234567890123",
	} {
		if !redact.Placeholder(text) {
			t.Errorf("%q is not taken for a placeholder", text)
		}
	}
	for _, text := range []string{
		"", "1", "0", "true", "docker", "posthog", "localhost", "http://host.docker.internal:8787/mcp", "dev-internal-token", "object_storage_root_password",
		"development-task-queue", "/usr/lib/posthog", "sk-ant-api03-" + draw(1, base64url, 93), "-----BEGIN PRIVATE KEY-----", "us-east-1", "op://vault/item/key",
		"${OTHER}", "there", "where-is-it", "nonessential", "hello world",
	} {
		if redact.Placeholder(text) {
			t.Errorf("%q is taken for a placeholder", text)
		}
	}
}

func TestMade(t *testing.T) {
	for _, text := range []string{
		"AKIAIOSFODNN7EXAMPLE", "sk-ant-test-" + draw(1, alphanumeric, 60), "ghp_" + strings.Repeat("x", 36), "sk-fake-key-for-unit-tests", "dummy-token", "test_secret_value",
		"not-a-real-key", "redacted", "mock-secret", "foobar", "sample",
	} {
		if !redact.Made(text) {
			t.Errorf("%q is not taken for made up", text)
		}
	}
	made := 0
	for seed := range uint64(2000) {
		if redact.Made("sk-ant-api03-" + draw(seed, base64url, 93)) {
			made++
		}
	}
	if made > 4 {
		t.Errorf("%d of 2000 drawn keys are taken for made up", made)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("KEY=sk-ant-api03-" + draw(1, base64url, 93))
	f.Add(pem("RSA PRIVATE KEY", `\n`) + token(`{"alg":"HS256"}`, `{"sub":"7"}`))
	f.Add("AKIA" + draw(11, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16) + " " + draw(4, base64std, 40))
	f.Add("a://b:c@d e://f:g%21@h.i https://hooks.slack.com/services/T/B/" + draw(3, alphanumeric, 40))
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, m := range redact.Find(text) {
			if m.Kind == "" || m.Start < 0 || m.Start >= m.End || m.End > len(text) || m.End <= end {
				t.Fatalf("%+v in a text of %d bytes, behind one that ends at %d", m, len(text), end)
			}
			end = m.End
			if secret := strings.TrimPrefix(text[m.Start:m.End], m.Prefix); len(secret) > 8 && strings.Contains(m.Mask(), secret) {
				t.Fatalf("the mask %q tells the secret", m.Mask())
			}
			if m.Prefix != "" && !strings.HasPrefix(text[m.Start:], m.Prefix) {
				t.Fatalf("%+v does not begin with its prefix", m)
			}
		}
	})
}

// FuzzWords holds the search that skips most of a text against one that looks at every byte.
func FuzzWords(f *testing.F) {
	f.Add("a " + strings.Repeat("b", 16) + "-c " + strings.Repeat("d", 15) + "\n" + strings.Repeat("é", 9) + strings.Repeat("_", 40))
	f.Fuzz(func(t *testing.T, text string) {
		var want, got [][2]int
		for start := 0; start < len(text); start++ {
			end := start
			for end < len(text) && strings.IndexByte(base64url, text[end]) >= 0 {
				end++
			}
			if end-start >= redact.Shortest {
				want = append(want, [2]int{start, end})
			}
			start = end
		}
		for start, end := range redact.Words(text) {
			got = append(got, [2]int{start, end})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("words at %v, want %v", got, want)
		}
	})
}
