package environment_test

import (
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
)

func TestGateway(t *testing.T) {
	const docker, ngrok = "SANDBOX_PROVIDER=docker\n", "SITE_URL=https://me.ngrok.app\n"
	for name, test := range map[string]struct {
		env  string
		want bool
	}{
		"elsewhere, and no gateway":       {docker + ngrok, true},
		"elsewhere, the gateway is empty": {docker + ngrok + "SANDBOX_LLM_GATEWAY_URL=\n", true},
		"elsewhere, with a gateway":       {docker + ngrok + "SANDBOX_LLM_GATEWAY_URL=http://host.docker.internal:3308\n", false},
		"here":                            {docker + "SITE_URL=http://localhost:8010\n", false},
		"here, by number":                 {docker + "SITE_URL=http://127.0.0.1:8010\n", false},
		"nowhere, which is here":          {docker, false},
		"no sandbox runs here":            {"SANDBOX_PROVIDER=modal\n" + ngrok, false},
		"nothing says where they run":     {ngrok, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := judge(environment.Gateway, loaded(t, checkstest.Folder(t, map[string]string{".env": test.env})))
			if test.want {
				o.Reports(t, checks.ENV009, ".env", "SANDBOX_LLM_GATEWAY_URL")
			} else {
				o.Silent(t)
			}
		})
	}
}
