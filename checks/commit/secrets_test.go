package commit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doctor/checks"
	"doctor/checks/commit"
	"doctor/checks/pipeline"
)

var (
	anthropic = "sk-ant-api03-" + draw(1, base64url, 93)
	github    = "ghp_" + draw(2, alphanumeric, 36)
	client    = draw(3, hex, 40)
	aws       = draw(4, base64std, 40)
)

func TestSecrets(t *testing.T) {
	for name, test := range map[string]struct {
		world
		want []string
	}{
		"an API key": {
			world{staged: map[string]string{"a.py": "one\nKEY = '" + anthropic + "'\n"}},
			[]string{"a secret is about to be committed in a.py", "a.py:2  Anthropic API key  sk-ant-…(106 characters)"},
		},
		"two in a file": {
			world{staged: map[string]string{"a.py": anthropic + "\n\n" + github + "\n" + github + "\n"}},
			[]string{
				"2 secrets are about to be committed in a.py", "a.py:1  Anthropic API key  sk-ant-…(106 characters)", "a.py:3  GitHub token  ghp_…(40 characters)",
			},
		},
		"in two files": {
			world{staged: map[string]string{"a.py": github, "b c.md": "`" + github + "`"}},
			[]string{
				"a secret is about to be committed in a.py", "a.py:1  GitHub token  ghp_…(40 characters)",
				"a secret is about to be committed in b c.md", "b c.md:1  GitHub token  ghp_…(40 characters)",
			},
		},
		"a private key": {
			world{staged: map[string]string{"deploy/id": key("\n") + "\n"}},
			[]string{"a secret is about to be committed in deploy/id", "deploy/id:1  private key  -----BEGIN PRIVATE KEY-----…(1353 characters)"},
		},
		"an env file": {
			world{staged: map[string]string{".env": "DEBUG=1\nANTHROPIC_API_KEY=" + anthropic + "\nCLIENT_SECRET=\"" + client + "\"\nOLD_TOKEN=\n# X_KEY=" + github + "\n"}},
			[]string{
				"3 secrets are about to be committed in .env", ".env:2  ANTHROPIC_API_KEY  sk-ant-…(106 characters)",
				".env:3  CLIENT_SECRET  …(40 characters)", ".env:5  GitHub token  ghp_…(40 characters)",
			},
		},
		"another env file": {
			world{staged: map[string]string{"services/mcp/.env.production": "export CLIENT_SECRET=" + client}},
			[]string{"a secret is about to be committed in services/mcp/.env.production", "services/mcp/.env.production:1  CLIENT_SECRET  …(40 characters)"},
		},
		"an env file that is none": {
			world{staged: map[string]string{".env": "nonsense\nCLIENT_SECRET=" + client + "\nKEY=" + github + "\n"}},
			[]string{"a secret is about to be committed in .env", ".env:3  GitHub token  ghp_…(40 characters)"},
		},
		"a value of .env": {
			world{env: map[string]string{".env": "A=1\nGITHUB_APP_CLIENT_SECRET=" + client + "\n"}, staged: map[string]string{"a.yaml": "x: 1\nsecret: " + client + "\n"}},
			[]string{"a secret is about to be committed in a.yaml", "a.yaml:2  GITHUB_APP_CLIENT_SECRET of .env  …(40 characters)"},
		},
		"a value of .env.local, glued": {
			world{env: map[string]string{".env.local": "X_TOKEN=" + client + "\n"}, staged: map[string]string{"a.sh": "curl x?token=prefix_" + client + "-suffix"}},
			[]string{"a secret is about to be committed in a.sh", "a.sh:1  X_TOKEN of .env.local  …(40 characters)"},
		},
		"a value with signs": {
			world{env: map[string]string{".env": "DB_PASSWORD='" + draw(9, alphanumeric, 18) + "+/" + draw(8, alphanumeric, 6) + "=='\n"}, staged: map[string]string{"a": "p=" + draw(9, alphanumeric, 18) + "+/" + draw(8, alphanumeric, 6) + "==;"}},
			[]string{"a secret is about to be committed in a", "a:1  DB_PASSWORD of .env  …(28 characters)"},
		},
		"a key of .env, otherwise written": {
			world{env: map[string]string{".env": "GITHUB_APP_PRIVATE_KEY=\"" + key(`\n`) + "\"\n"}, staged: map[string]string{"tests/a.py": key(`\n" +` + "\n  \"")}},
			[]string{"a secret is about to be committed in tests/a.py", "tests/a.py:2  GITHUB_APP_PRIVATE_KEY of .env  …(64 characters)"},
		},
		"a password in a URL of .env": {
			world{env: map[string]string{".env": "DATABASE_URL=postgres://me:" + draw(5, alphanumeric, 24) + "@db.acme.dev/x\n"}, staged: map[string]string{"a.md": "password " + draw(5, alphanumeric, 24)}},
			[]string{"a secret is about to be committed in a.md", "a.md:1  DATABASE_URL of .env  …(24 characters)"},
		},
		"a URL": {
			world{staged: map[string]string{"a.py": "DSN = 'postgres://admin:Vk9-mint-Orbit@db.acme.dev:5432/x'"}},
			[]string{"a secret is about to be committed in a.py", "a.py:1  password in a URL  …(14 characters)"},
		},
		"drawn, on this machine": {
			world{staged: map[string]string{"a.py": "redis://:" + draw(6, alphanumeric, 24) + "@cache:6379"}},
			[]string{"a secret is about to be committed in a.py", "a.py:1  password in a URL  …(24 characters)"},
		},
		"AWS": {
			world{staged: map[string]string{"a.tf": "id = AKIA" + draw(7, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16) + "\nkey = " + aws + "\n"}},
			[]string{"a secret is about to be committed in a.tf", "a.tf:2  AWS secret access key  …(40 characters)"},
		},
		"a session": {
			world{staged: map[string]string{"a.http": "Authorization: Bearer " + token(`{"sub":"7","exp":1900000000}`)}},
			[]string{"a secret is about to be committed in a.http", "a.http:1  JSON web token  eyJ…(119 characters)"},
		},
		"a session without end, of somebody": {
			world{staged: map[string]string{"a.http": token(`{"jti":"` + draw(8, alphanumeric, 27) + `"}`)}},
			[]string{"a secret is about to be committed in a.http", "a.http:1  JSON web token  eyJ…(131 characters)"},
		},
		"pasted into the example": {
			world{env: map[string]string{".env.example": "ANTHROPIC_API_KEY=" + anthropic}, staged: map[string]string{".env.example": "ANTHROPIC_API_KEY=" + anthropic}},
			[]string{"a secret is about to be committed in .env.example", ".env.example:1  Anthropic API key  sk-ant-…(106 characters)"},
		},
		"added to a file": {
			world{before: map[string]string{"a.py": github}, staged: map[string]string{"a.py": github + "\n" + anthropic}},
			[]string{"a secret is about to be committed in a.py", "a.py:2  Anthropic API key  sk-ant-…(106 characters)"},
		},
		"in a test": {
			world{staged: map[string]string{"tests/test_a.py": "KEY = '" + anthropic + "'"}},
			[]string{"a secret is about to be committed in tests/test_a.py", "tests/test_a.py:1  Anthropic API key  sk-ant-…(106 characters)"},
		},
		"a name with a line break": {
			world{staged: map[string]string{"a\nb": github}},
			[]string{"a secret is about to be committed in a\nb", "a\nb:1  GitHub token  ghp_…(40 characters)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := test.examine(t, commit.Secrets)
			if diff := cmp.Diff(test.want, told(o)); diff != "" || o.Status != checks.Failed || o.Reason != "" {
				t.Errorf("%s (%s) %s", o.Status, o.Reason, diff)
			}
			if _, ok := o.Result.(*pipeline.Staged); !ok {
				t.Errorf("the result is %T", o.Result)
			}
			all := strings.Join(told(o), "\n")
			for _, f := range o.Findings {
				all += f.Detail + strings.Join(f.Subject, "")
			}
			for _, text := range test.staged {
				for _, secret := range []string{anthropic, github, client, aws, "Vk9-mint"} {
					if strings.Contains(text, secret) && strings.Contains(all, secret[len(secret)-8:]) {
						t.Errorf("a secret is told: %s", all)
					}
				}
			}
		})
	}
}

// What looks like a secret and opens nothing is not told, or nobody would listen any more.
func TestNoSecrets(t *testing.T) {
	dev := key(`\n`)
	public := "# for development only\nOIDC_RSA_PRIVATE_KEY=\"" + dev + "\"\nSANDBOX_PROVIDER=docker\n"
	for name, w := range map[string]world{
		"services": {staged: map[string]string{".env.services": "DATABASE_URL=postgres://posthog:posthog@db:5432/posthog\nPGPASSWORD=posthog\nCLICKHOUSE_API_PASSWORD=apipass\n" +
			"OBJECT_STORAGE_ACCESS_KEY_ID=object_storage_root_user\nOBJECT_STORAGE_SECRET_ACCESS_KEY=object_storage_root_password\nREDIS_URL=redis://redis7:6379/\n"}},
		"development": {staged: map[string]string{".env.development": "INTERNAL_REQUEST_TOKEN=dev-internal-token\nDUCKLAKE_S3_SECRET_KEY=object_storage_root_password\n" +
			"WIZARD_CLOUD_RUN_OAUTH_CLIENT_ID=" + draw(11, alphanumeric, 40) + "\n"}},
		"compose": {staged: map[string]string{"docker-compose.dev.yml": "environment:\n  POSTGRES_PASSWORD: posthog\n  MINIO_ROOT_PASSWORD: object_storage_root_password\n" +
			"  SECRET_KEY: '<randomly generated secret key>'\n  CLICKHOUSE_DSN: clickhouse://default:password@clickhouse:9000/x\n  AMQP: amqp://guest:guest@rabbitmq:5672\n"}},
		"example": {staged: map[string]string{".env.example": "ANTHROPIC_API_KEY=sk-...\nOPENAI_API_KEY=your-key-here\nX_TOKEN=<token>\nY_SECRET=xxx\nZ_PASSWORD=changeme\n" +
			"GITHUB_APP_PRIVATE_KEY=\"-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----\"\n"}},
		"an env file of references": {staged: map[string]string{".env": "ANTHROPIC_API_KEY=op://Private/Anthropic/credential\nOTHER_API_KEY=${SOME_OTHER_KEY_0f6e81d2c49}\nDEBUG=1\nPOSTHOG_API_KEY=phc_" + draw(12, alphanumeric, 43) + "\n" +
			"SECRET_KEY=<randomly generated secret key>\nAPI_KEY_FILE=/run/secrets/a81f_key_90d2\nTOKEN_URL=https://x.acme.dev/oauth2/v1a9d/token\nKEY_ID=" + client + "\nPUBLIC_KEY=" + client + "\n"}},
		"an env file with passwords to remember":  {staged: map[string]string{".env": "DB_PASSWORD=posthog\nADMIN_PASSWORD=correct-horse-battery-staple\nPGPASSWORD=object_storage_root_password\n"}},
		"the public keys of .env.example in .env": {env: map[string]string{".env.example": public}, staged: map[string]string{".env": public}},
		"and in code":                          {env: map[string]string{".env.example": public, ".env": public}, staged: map[string]string{"a.py": key("\n"), "deploy.yaml": "key: |\n  " + key("\n  ")}},
		"a value that the repository has open": {env: map[string]string{".env": "A_TOKEN=" + client, ".env.development": "A_TOKEN=" + client}, staged: map[string]string{"a.py": client}},
		"a short value of .env":                {env: map[string]string{".env": "A_TOKEN=a8f3\nB_PASSWORD=posthog\nC_KEY=development"}, staged: map[string]string{"a.py": "a8f3 posthog development"}},
		"no secret of .env":                    {env: map[string]string{".env": "COMMIT=" + client + "\n# OLD_TOKEN=" + client}, staged: map[string]string{"a.py": client}},
		"what is there already":                {before: map[string]string{"a.py": "x = '" + anthropic + "'"}, staged: map[string]string{"a.py": "y = '" + anthropic + "'"}},
		"what is merged":                       {merged: map[string]string{"a.py": anthropic}, staged: map[string]string{"a.py": anthropic}},
		"marked":                               {staged: map[string]string{"a.py": "A = '" + anthropic + "' # gitleaks:allow\nB = '" + github + "'  # pragma: allowlist secret\n"}},
		"made up": {staged: map[string]string{"a.py": "sk-ant-test-" + draw(1, alphanumeric, 80) + " ghp_" + strings.Repeat("x", 36) + " ghp_" + strings.Repeat("abcdef123456", 3) +
			" sk-" + strings.Repeat("0123456789abcdef", 3) + " phx_dev_local_test_api_key_1234567890abcdef sk-your-key-" + draw(3, alphanumeric, 40) + "\n" +
			"AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}},
		"hashes": {staged: map[string]string{
			"pnpm-lock.yaml": "resolution: {integrity: sha512-" + draw(13, base64std, 86) + "==}\n", "uv.lock": `hash = "sha256:` + draw(14, hex, 64) + `"`,
			"go.sum": "a v1 h1:" + draw(15, base64std, 43) + "=\n", "a.txt": "commit " + client + "\n8e548104-3f20-4075-89f5-09156814486a\n",
		}},
		"passwords for examples": {staged: map[string]string{"a.md": "postgres://posthog:posthog@db:5432/posthog postgres://postgres:postgres@localhost:5432/x http://user:pass@example.com https://user:Xk29dLq7@example.org/x " +
			"mongodb://me:<password>@db.acme.dev amqp://guest:guest@mq.acme.dev postgres://u:p%40ssw0rd@db.acme.dev redis://:hunter22@x.acme.dev https://token:x-oauth-basic@github.com/a/b " +
			"postgres://me:Tr0ub4dor@localhost/x http://admin:admin123@10.0.0.7:9000 https://x:secret1234@acme.dev ftp://a:b@c.d clickhouse://app:apppass@clickhouse:9000"}},
		"tests":                       {staged: map[string]string{"posthog/test/test_jwt.py": key("\n") + token(`{"sub":"7","exp":1900000000}`), "web/src/jwt.test.ts": token(`{"jti":"` + draw(8, alphanumeric, 27) + `"}`), "testdata/server.key": key("\n")}},
		"a session that is over":      {staged: map[string]string{"a.http": token(`{"sub":"7","exp":1700000000}`)}},
		"a session of nobody":         {staged: map[string]string{"a.http": token(`{"foo":"bar"}`)}},
		"the session of the manual":   {staged: map[string]string{"a.http": token(`{"sub":"1234567890","name":"John Doe","exp":1900000000}`)}},
		"a session for every browser": {staged: map[string]string{"a.http": token(`{"role":"anon","iss":"supabase","exp":1900000000}`)}},
		"a binary file":               {files: []pipeline.StagedFile{{Path: "a.bin", Binary: true}}},
		"nothing at all":              {},
		"an empty file":               {staged: map[string]string{"a": ""}},
		"invalid UTF-8":               {staged: map[string]string{"a": strings.Repeat("\xff\xfe", 40)}},
	} {
		t.Run(name, func(t *testing.T) {
			w.examine(t, commit.Secrets).Silent(t)
		})
	}
}

func TestSecretsThatCannotBeLookedFor(t *testing.T) {
	unread := []pipeline.StagedFile{{Path: "dump.sql", Unread: "it is larger than 8 MiB"}}
	o := world{files: unread}.examine(t, commit.Secrets)
	o.Says(t, "unknown: dump.sql was not searched: it is larger than 8 MiB")
	o = world{files: unread, staged: map[string]string{"a.py": github}}.examine(t, commit.Secrets)
	if o.Status != checks.Failed || len(o.Findings) != 1 || !strings.HasPrefix(o.Reason, "dump.sql") {
		t.Errorf("%s (%s)", o.Status, o.Reason)
	}
	// What the history holds cannot be told: then nothing is said to be new.
	staged := pipeline.Staged{Files: []pipeline.StagedFile{{Path: "a.py", Text: github, Before: "id"}}}
	o = world{answers: []pipeline.Answer{
		pipeline.StagedFiles.Is(nil, staged),
		pipeline.GitContents.Fails([]string{"id", "MERGE_HEAD:a.py", "CHERRY_PICK_HEAD:a.py", "REBASE_HEAD:a.py"}, pipeline.Failed, errors.New("bad object")),
	}}.examine(t, commit.Secrets)
	o.Is(t, checks.Unknown, "bad object")
}

func TestEvidenceIsBounded(t *testing.T) {
	var text strings.Builder
	for i := range uint64(300) {
		text.WriteString("ghp_" + draw(i, alphanumeric, 36) + "\n")
	}
	o := world{staged: map[string]string{"a": text.String()}}.examine(t, commit.Secrets)
	if len(o.Findings) != 1 || len(o.Findings[0].Evidence) != 50 || !strings.HasPrefix(o.Findings[0].Title, "2") {
		t.Errorf("%d findings, %.90q", len(o.Findings), told(o))
	}
}
