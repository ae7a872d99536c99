package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doctor/checks/pipeline/redact"
)

var (
	anthropic = "sk-ant-api03-" + draw(10, base64url, 93) + "AA"
	odd       = `p@$$ "w0rd"\n/` + "é+?&%41 x"
	seeds     = []redact.Seed{
		{Name: "ANTHROPIC_API_KEY", Value: anthropic},         // 1
		{Name: "FOO_PASSWORD", Value: "hunter2-correct"},      // 2
		{Name: "ODD_PASSWORD", Value: odd},                    // 3
		{Name: "OIDC_PRIVATE_KEY", Value: key(1, `\n`)},       // 4
		{Name: "SHORT_TOKEN", Value: "x9!kPq"},                // 5
		{Name: "PGPASSWORD", Value: "posthog"},                // public
		{Name: "ADMIN_PASSWORD", Value: "production"},         // 6, an ordinary word
		{Name: "MIXED_KEY", Value: "posthog-prod-8f3a9c1b2d"}, // 7
	}
	public = []string{"posthog", "object_storage_root_password", key(2, "\n")}
)

// key is a private key, another one for each seed.
func key(seed uint64, lineBreak string) string {
	lines := []string{"-----BEGIN PRIVATE KEY-----"}
	for i := range uint64(5) {
		lines = append(lines, draw(100*seed+i, base64std, 64))
	}
	return strings.Join(append(lines, "-----END PRIVATE KEY-----"), lineBreak)
}

func quoted(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded)
}

func lowerHex(text string) string {
	var all strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&all, "%%%02x", c)
	}
	return all.String()
}

func TestTextHidesKnownSecrets(t *testing.T) {
	body := redact.PEMBody(key(1, "\n"))
	for name, test := range map[string]struct{ text, want string }{
		"as it is":                {"401 for " + anthropic + ".", "401 for __secret1__."},
		"beside words":            {"x" + anthropic + "y", "x__secret1__y"},
		"a password to remember":  {"login as me/hunter2-correct failed", "login as me/__secret2__ failed"},
		"odd":                     {"a" + odd + "b", "a__secret3__b"},
		"in JSON":                 {quoted("a" + odd + "b"), `"a__secret3__b"`},
		"in JSON in JSON":         {quoted(quoted("a" + odd + "b")), `"\"a__secret3__b\""`},
		"in JSON three times":     {quoted(quoted(quoted("a" + odd))), `"\"\\\"a__secret3__\\\"\""`},
		"in a path":               {"/x/" + url.PathEscape(odd) + "/y", "/x/__secret3__/y"},
		"in a query":              {"?x=" + url.QueryEscape(odd) + "&y=", "?x=__secret3__&y="},
		"in small hex":            {"?x=" + lowerHex(odd) + "&y=", "?x=__secret3__&y="},
		"in a URL in a URL":       {"?u=" + url.QueryEscape("http://a?x="+url.QueryEscape(odd)), "?u=http%3A%2F%2Fa%3Fx%3D__secret3__"},
		"in a URL in JSON":        {quoted("?x=" + url.QueryEscape(odd)), `"?x=__secret3__"`},
		"in JSON in a URL":        {"?x=" + url.QueryEscape(quoted(odd)), "?x=%22__secret3__%22"},
		"over two lines":          {"key: " + anthropic[:50] + "\n" + anthropic[50:] + "\nend", "key: __secret1__\nend"},
		"indented":                {"key: " + anthropic[:50] + "\r\n\t    " + anthropic[50:] + "\nend", "key: __secret1__\nend"},
		"over two lines of JSON":  {quoted("key: " + anthropic[:50] + "\n  " + anthropic[50:] + "\nend"), `"key: __secret1__\nend"`},
		"a word over two lines":   {"hunter2-\n  correct", "__secret2__"},
		"behind log lines' times": {"12:00 " + anthropic[:50] + "\n12:01 " + anthropic[50:], "12:00 __secret1__\n12:01 __secret1__"},
		"cut at its end":          {"key " + anthropic[:24] + "…", "key __secret1__…"},
		"cut at its beginning":    {"…" + anthropic[80:], "…__secret1__"},
		"a word, cut":             {"as hunter2-cor…", "as __secret2__…"},
		"a drawn part":            {"x-prod-8f3a9c1b", "x__secret7__"},
		"PEM":                     {"-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----", "__secret4__"},
		"a line of PEM":           {"at " + body[64:128], "at __secret4__"},
		"PEM without its rims":    {body[:64] + "\n" + body[64:128] + "\n" + body[128:], "__secret4__"},
		"a short one":             {"x9!kPq, (x9!kPq)\nx9!kPq", "__secret5__, (__secret5__)\n__secret5__"},
		"a short one in JSON":     {`"a\nx9!kPq\""`, `"a\n__secret5__\""`},
	} {
		t.Run(name, func(t *testing.T) {
			r := redact.New(seeds, public)
			got := r.Text("x", test.text)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if again := r.Text("x", got); again != got {
				t.Errorf("again %q", again)
			}
			if left := r.Survivors([]byte(test.text)); len(left) == 0 {
				t.Error("it would not be found when it survived")
			}
			if left := r.Survivors([]byte(got)); len(left) > 0 {
				t.Errorf("%q survive", left)
			}
		})
	}
}

func TestTextHidesBase64AtAllAlignments(t *testing.T) {
	for name, encoding := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding, "raw": base64.RawStdEncoding} {
		for _, seed := range []redact.Seed{seeds[0], seeds[1], seeds[2], seeds[3]} {
			for before := range 7 {
				r := redact.New(seeds, public)
				encoded := encoding.EncodeToString([]byte(strings.Repeat("\xff", before) + seed.Value + ":me"))
				got := r.Text("x", encoded)
				if !strings.Contains(got, "__secret") || len(got) > len(encoded)/2 && len(got) > before*2+22 {
					t.Errorf("%s of %s behind %d bytes: %s", name, seed.Name, before, got)
				}
				if left := r.Survivors([]byte(encoded)); !slices.Equal(left, []string{seed.Name}) {
					t.Errorf("%s of %s behind %d bytes: survivors %q", name, seed.Name, before, left)
				}
			}
		}
	}
}

func TestTextHidesShapesAndCredentials(t *testing.T) {
	github := "ghp_" + draw(7, alphanumeric, 36)
	for name, test := range map[string]struct{ text, want string }{
		"a token":              {"Authorization: Bearer " + github + ", twice " + github, "Authorization: Bearer __secret1__, twice __secret1__"},
		"for tests":            {"sk-ant-test-" + draw(1, alphanumeric, 60), "__secret1__"},
		"a web token":          {"x " + token(`{"alg":"HS256"}`, `{"sub":"9"}`), "x __secret1__"},
		"a private key":        {"-> " + key(3, "\n") + " <-", "-> __secret1__ <-"},
		"in a URL":             {"dial postgres://me:Tr0ub4dor@db:5432/x failed", "dial postgres://me:__secret1__@db:5432/x failed"},
		"encoded in a URL":     {"redis://:a%40b%3Ac@h:1", "redis://:__secret1__@h:1"},
		"signs in a URL":       {`"amqp://me:p$s{}!:@w@mq.acme.dev"`, `"amqp://me:__secret1__@mq.acme.dev"`},
		"a word in a URL":      {"x://me:admin@h, admin", "x://me:__secret1__@h, admin"},
		"a user that is drawn": {"https://" + draw(3, alphanumeric, 30) + "@api.acme.dev/x", "https://__secret1__@api.acme.dev/x"},
		"user and password":    {"https://" + draw(3, alphanumeric, 30) + ":s3cr3t@h", "https://__secret1__:__secret2__@h"},
		"a word stays a word":  {"password=continue-as-new after continue-as-new", "password=__secret1__ after continue-as-new"},
		"without its quote":    {"password='cut off\nnext", "password='__secret1__\nnext"},
		"libpq":                {"host=db user=me password=Tr0ub4dor&3 dbname=x", "host=db user=me password=__secret1__&3 dbname=x"},
		"libpq in quotes":      {`user = 'me' password = 'it\'s me' host=db`, `user = 'me' password = '__secret1__' host=db`},
		"in quotes in JSON":    {`"{\"x\": \"password=\\\"a b\\\"\"}"`, `"{\"x\": \"password=\\\"__secret1__\\\"\"}"`},
		"ODBC":                 {"Server=db;UID=me;PWD=Tr0ub4dor;", "Server=db;UID=me;PWD=__secret1__;"},
		"a query":              {"?username=me&password=s3,cret)&x=1", "?username=me&password=__secret1__)&x=1"},
		"a token in a query":   {"/x?access_token=" + draw(5, alphanumeric, 24) + "&x", "/x?access_token=__secret1__&x"},
		"once more, in base64": {github + " " + base64.StdEncoding.EncodeToString([]byte("me:"+github)), "__secret1__ bWU6__secret1__=="},
	} {
		t.Run(name, func(t *testing.T) {
			r := redact.New(nil, public)
			got := r.Text("x", test.text)
			if got != test.want || r.Text("x", got) != got {
				t.Errorf("got %q, again %q, want %q", got, r.Text("x", got), test.want)
			}
		})
	}
}

func TestInnocentTextStays(t *testing.T) {
	for _, text := range []string{
		"", "posthog", "database posthog of posthog-prod-web, posthog_db", "postgres://posthog:posthog@localhost:5432/posthog",
		"production", "in production-eu", "the key begins with sk-ant-api03-…", "sk-ant-api03-", "ANTHROPIC_API_KEY is not configured",
		"sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
		key(2, "\n"), "hunter2", "correct", "hunter2 is not correct", "hunter2-cor", "hunter2-incorrect…", "x9!kPqr", "ax9!kPq",
		"object_storage_root_password", "postgres://me:${PASSWORD}@db", "mysql://{user}:{password}@h", "mongodb://me:<password>@db", "http://localhost:8000/@x",
		"see http://a.dev/x: me@acme.dev", "password=", "password=***", "password=None", "password = os.environ[\"X\"]", "password=%s", "PWD=/root/x", "no_password=1",
		"password=get_password()", "password=$PASSWORD", "http://me:__secret7__@db", "__secret12__", "password=__secret1__", "page_token=" + draw(5, alphanumeric, 24),
		"550e8400-e29b-41d4-a716-446655440000", "2026-11-24T14:00:00.000Z", `C:\new\table\users`, "100%", "%zz%4", `\u12`, "é\xff\\", "text-embedding-3-small-1536",
	} {
		r := redact.New(seeds, public)
		if got := r.Text("x", text); got != text {
			t.Errorf("%q became %q", text, got)
		}
		if left := r.Survivors([]byte(text)); len(left) > 0 {
			t.Errorf("%q holds %q", text, left)
		}
	}
}

func TestValueGoesByTheName(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"ANTHROPIC_API_KEY", anthropic, "__secret1__"},
		{"OTHER", anthropic, "__secret1__"},
		{"PGPASSWORD", "posthog", "posthog"},
		{"ADMIN_PASSWORD", "production", "__secret6__"},
		{"OTHER", "production", "production"},
		{"NEW_TOKEN", "abc", "__secret8__"},
		{"DB_PASS", "admin", "__secret8__"},
		{"KEY_ID", "abc", "abc"},
		{"OBJECT_STORAGE_SECRET_ACCESS_KEY", "object_storage_root_password", "object_storage_root_password"},
		{"OIDC_RSA_PRIVATE_KEY", key(2, `\n`), key(2, `\n`)},
		{"DATABASE_URL", "postgres://me:admin@db/x?password=word", "postgres://me:__secret8__@db/x?password=__secret9__"},
		{"TOKEN_ENDPOINT", "http://localhost:8000/oauth/token", "http://localhost:8000/oauth/token"},
		{"SECRET_HOOK", "https://h.dev/" + draw(1, alphanumeric, 30), "__secret8__"},
		{"TEMPORAL_CLIENT_KEY", "/etc/temporal/client.key", "/etc/temporal/client.key"},
		{"POSTHOG_API_KEY", "phc_" + draw(1, alphanumeric, 43), "phc_" + draw(1, alphanumeric, 43)},
	} {
		r := redact.New(seeds, public)
		got := r.Value("x", test.name, test.value)
		if got != test.want || r.Value("x", test.name, got) != got {
			t.Errorf("%s=%s became %s, and then %s, want %s", test.name, test.value, got, r.Value("x", test.name, got), test.want)
		}
	}
	for _, value := range []string{"", "op://Private/x/credential", "${OTHER_KEY}", "$OTHER_KEY", "your-key-here", "<token>", "changeme", "false", "1", "__secret3__"} {
		if got := redact.New(seeds, public).Value("x", "A_SECRET", value); got != value {
			t.Errorf("A_SECRET=%s became %s", value, got)
		}
	}
}

func TestATokenIsTakenForNothingElse(t *testing.T) {
	r := redact.New(seeds, public)
	for _, seed := range seeds[:4] {
		token := r.Value("x", seed.Name, seed.Value)
		if redact.Placeholder(token) || redact.Made(token) || redact.Random(token) || len(redact.Find(token)) > 0 || strings.ContainsAny(token, `$"'\ /@:?#%`) {
			t.Errorf("%q", token)
		}
	}
}

// What was replaced in one run stays as it is in the next, whose secrets get other tokens.
func TestTokensOfAnEarlierRedactorAreKept(t *testing.T) {
	r := redact.New([]redact.Seed{{Name: "A_KEY", Value: "__secret4__"}, {Name: "B_KEY", Value: "hunter2-correct"}}, nil)
	if got := r.Text("x", "__secret4__ hunter2-correct"); got != "__secret4__ __secret5__" {
		t.Error(got)
	}
}

type tree struct {
	Title  string
	Named  named
	List   []string
	Any    any
	Next   *tree
	Rows   map[string]any
	Bytes  []byte
	Fixed  [1]string
	Number json.Number
	hidden string
}

type named string

func TestStringsReachesAll(t *testing.T) {
	const secret, token = "hunter2-correct", "__secret2__"
	given := func(s string) *tree {
		return &tree{
			Title: s, Named: named(s), List: []string{"a", s}, Any: []any{tree{Title: s}, map[string]any{"k": []string{s}}, nil, 1.5},
			Next: &tree{Title: "x" + s}, Rows: map[string]any{"a" + s: s, "b": json.Number("1")}, Bytes: []byte(`{"x":"` + s + `"}`),
			Fixed: [1]string{s}, Number: "12",
		}
	}
	v := given(secret)
	v.hidden = secret
	redact.New(seeds, public).Strings("x", v)
	if v.hidden != secret {
		t.Error("an unexported field was changed")
	}
	v.hidden = ""
	if diff := cmp.Diff(given(token), v, cmp.AllowUnexported(tree{})); diff != "" {
		t.Error(diff)
	}
	r := redact.New(seeds, public)
	if got := r.Strings("x", secret); got != token {
		t.Error(got)
	}
	if got := r.Strings("x", nil); got != nil {
		t.Error(got)
	}
	github := "ghp_" + draw(7, alphanumeric, 36)
	if got := r.Strings("x", []string{github[8:30] + "…", github}); !slices.Equal(got.([]string), []string{"__secret8__…", "__secret8__"}) {
		t.Errorf("a part stands before what it is a part of: %q", got)
	}
}

func TestLedgerTellsNoValues(t *testing.T) {
	all := func() []redact.Replacement {
		r := redact.New(seeds, public)
		r.Text("b", anthropic+" x "+anthropic)
		r.Strings("a", map[string]any{"z": "redis://:s3cret@h", "y": anthropic})
		r.Value("c", "NEW_TOKEN", "abc")
		return r.Ledger()
	}
	want := []redact.Replacement{
		{Name: "ANTHROPIC_API_KEY", Token: "__secret1__", Where: "a", Count: 1},
		{Name: "ANTHROPIC_API_KEY", Token: "__secret1__", Where: "b", Count: 2},
		{Name: "password in a URL", Token: "__secret8__", Where: "a", Count: 1},
		{Name: "NEW_TOKEN", Token: "__secret9__", Where: "c", Count: 1},
	}
	for range 3 {
		if diff := cmp.Diff(want, all()); diff != "" {
			t.Fatal(diff)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	env := values(60)
	for b.Loop() {
		redact.New(env, public)
	}
}

func BenchmarkText(b *testing.B) {
	r := redact.New(values(60), public)
	for name, text := range map[string]string{
		"plain":   strings.Repeat("activity fetch_signals of run 8f31c2a9 failed after 3 attempts; ", 3),
		"escaped": strings.Repeat(`{"error":"run 8f31c2a9\nfailed at http://localhost:8081/x%20y"}`, 3),
		"secret":  "401 for " + values(1)[0].Value + strings.Repeat(" and so on", 15),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r.Text("x", text)
			}
		})
	}
}

// values are as many settings as an env file has; every third one is a secret.
func values(n int) []redact.Seed {
	var env []redact.Seed
	for i := range n {
		if i%3 == 0 {
			env = append(env, redact.Seed{Name: fmt.Sprintf("S%d_KEY", i), Value: draw(uint64(1000+i), base64url, 30+i)})
		}
	}
	return append(env, redact.Seed{Name: "A_PRIVATE_KEY", Value: key(1, "\n")})
}
