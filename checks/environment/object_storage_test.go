package environment_test

import (
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
)

func TestObjectStorage(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"off":                           {map[string]string{".env": "OBJECT_STORAGE_ENABLED=0\n"}, true},
		"off, and bin/start has it on":  {map[string]string{".env": "OBJECT_STORAGE_ENABLED=false\n", ".env.services": "OBJECT_STORAGE_ENABLED=true\n"}, true},
		"no yes":                        {map[string]string{".env": "OBJECT_STORAGE_ENABLED=enabled\n"}, true},
		"on":                            {map[string]string{".env": "OBJECT_STORAGE_ENABLED=On\n"}, false},
		"not set, which is on in DEBUG": {map[string]string{".env": "DEBUG=1\n"}, false},
		"empty":                         {map[string]string{".env": "OBJECT_STORAGE_ENABLED=\n"}, false},
		"commented out":                 {map[string]string{".env": "# OBJECT_STORAGE_ENABLED=0\n"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := judge(environment.ObjectStorage, loaded(t, checkstest.Folder(t, test.files)))
			if !test.want {
				o.Silent(t)
				return
			}
			if f := o.Reports(t, checks.ENV008, ".env", "OBJECT_STORAGE_ENABLED"); f.Evidence[0].Locator.Line != 1 {
				t.Errorf("the evidence: %+v", f.Evidence)
			}
		})
	}
}
