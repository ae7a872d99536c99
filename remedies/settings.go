package remedies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/sandbox"
)

const (
	clickHouseDatabase = "CLICKHOUSE_DATABASE"
	thisMachine        = "host.docker.internal" // as a sandbox sees it
)

// nameDatabase puts CLICKHOUSE_DATABASE right in the file where it counts. The value is the database that was found.
func nameDatabase(c *Case) string {
	d, ok := c.Result.(*environment.Database)
	switch {
	case !ok || d.Process:
		return ""
	case d.Replace:
		return fmt.Sprintf("make line %d of %s %s=%s", d.Line, c.Finding.Subject[0], clickHouseDatabase, d.Embeddings)
	}
	return fmt.Sprintf("add %s=%s to %s", clickHouseDatabase, d.Embeddings, c.Finding.Subject[0])
}

// exportDatabase is for a shell that exports the wrong value: it comes before every file, so that editing one cannot help.
func exportDatabase(c *Case) string {
	d, ok := c.Result.(*environment.Database)
	if !ok || !d.Process {
		return ""
	}
	return fmt.Sprintf("export %s=%s in the shell that runs manage.py", clickHouseDatabase, d.Embeddings)
}

func planDatabase(_ context.Context, c *Case) (*Plan, error) {
	d := c.Result.(*environment.Database)
	return planSetting(c.World.Settings, d.File, clickHouseDatabase, d.Embeddings)
}

// opening is the setting that opens the host of a denial to the agents, where it is not set.
func opening(c *Case) (sandbox.Opening, bool) {
	all, _ := c.Result.([]sandbox.Opening)
	for _, o := range all {
		if c.Finding.Failing() && slices.Contains(c.Finding.Subject, o.Host) {
			return o, true
		}
	}
	return sandbox.Opening{}, false
}

func openHost(c *Case) string {
	o, ok := opening(c)
	if !ok {
		return ""
	}
	return fmt.Sprintf("add %s=%s to .env", o.Setting, o.Value)
}

// planOpening sets what opens a host. The denial stays in the log of the run that met it, so that its check cannot prove
// anything: what workers are started with can.
func planOpening(_ context.Context, c *Case) (*Plan, error) {
	o, _ := opening(c)
	file, err := shellFile(c.World.Settings, o.Setting)
	if err != nil {
		return nil, err
	}
	plan, err := planSetting(c.World.Settings, file, o.Setting, o.Value)
	if err != nil {
		return nil, err
	}
	plan.Proof = fmt.Sprintf("a worker that is started now has %s=%s", o.Setting, o.Value)
	plan.Prove = func(_ context.Context, w *pipeline.World) (string, error) {
		value, at := w.Settings.Worker(o.Setting)
		if value != o.Value {
			return "", fmt.Errorf("a worker that is started now does not have that %s", o.Setting)
		}
		return fmt.Sprintf("%s:%d has it", w.Settings.Name(at.File), at.Line), nil
	}
	return plan, nil
}

// shellFile is the file where a setting belongs that has no value: the one that shells read, and workers through them.
func shellFile(set *settings.Settings, name string) (string, error) {
	for _, s := range set.Seen(name) {
		if !s.Commented && s.Value != "" {
			return "", fmt.Errorf("%s stands in %s, as a reference that only bin/start resolves", name, s.Origin)
		}
	}
	for _, file := range slices.Backward(set.EnvFiles) {
		if !file.Starter {
			return file.Path, nil
		}
	}
	return "", errors.New("there is no env file to write to: " + settings.NoEnvFile)
}

// planSetting gives a setting a value in an env file.
func planSetting(set *settings.Settings, file, name, value string) (*Plan, error) {
	edit, err := newFileEdit(set, file, name, value)
	if err != nil {
		return nil, err
	}
	return &Plan{Operations: []Operation{edit}, Then: restart}, nil
}

// restart names the workers that have not read an env file as it is now.
func restart(after *checks.Diagnosis) []string {
	if after == nil {
		return []string{"restart the Temporal workers: they read it when they start"}
	}
	for _, o := range after.Outcomes {
		if o.Check != environment.Workers || o.Status != checks.Passed && o.Status != checks.Failed {
			continue
		}
		var lines []string
		old, _ := o.Result.(environment.OldWorkers)
		for _, worker := range old {
			pid, _, _ := strings.Cut(worker.Identity, "@")
			lines = append(lines, fmt.Sprintf("restart the Temporal worker with pid %s, started before that change", pid))
		}
		return lines
	}
	return restart(nil)
}

// startWithDebug is for a denial that only the worker's own policy explains.
func startWithDebug(c *Case) string {
	if _, ok := opening(c); ok || !c.Finding.Failing() || !slices.Contains(c.Finding.Subject, thisMachine) {
		return ""
	}
	return "start the worker with DEBUG=1, and with the SANDBOX_*_URL settings that the folder has"
}

// allowHost is for a denial that no setting undoes.
func allowHost(c *Case) string {
	if !c.Finding.Failing() || slices.Contains(c.Finding.Subject, thisMachine) {
		return ""
	}
	return "reach the host through a SANDBOX_*_URL setting, or without it: an edit of the sandbox environment's row does not last, each run writes it anew"
}

// restartWorkers follows a change of settings.
func restartWorkers(c *Case) string {
	_, opens := opening(c)
	if _, named := c.Result.(*environment.Database); !named && !opens {
		return ""
	}
	return "restart the Temporal workers: they read it when they start"
}
