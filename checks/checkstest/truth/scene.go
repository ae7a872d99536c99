package truth

import "doctor/checks"

// Step is a step of the pipeline that a fault may be over for, once it has gone well again.
type Step string

// The steps, in the order of the way.
const (
	Quota     Step = "quota check"
	Filter    Step = "safety filter"
	Queries   Step = "search queries"
	Selection Step = "choice of a repository"
	Agent     Step = "work of an agent"
)

// Place is where in a world a scene may stand.
type Place int

// The places, in their order.
const (
	First   Place = iota // the pipeline must be fresh
	Middle               // anywhere, and others after it
	Setting              // it changes a setting, which stays
	Last                 // the pipeline does not go on after it
)

// Scene is something that happens to a pipeline: one of the lab's diseases, or signals that go through.
type Scene struct {
	Name  string        // of the disease; [Traffic] for signals that go through
	Roots []checks.Code // what is wrong after it
	Place Place

	Ends  []End  // what ends it, if anything does; the last that has come about counts
	Fault string // what went wrong: when it does so again, in the same or another scene, and lasts, that is one root for both

	Passes []Step        // what goes well in it, after what goes wrong
	Agents bool          // what goes wrong is an agent's: two of these in a row could hide each other
	Sets   bool          // it leaves the settings other than they were
	Clears []checks.Code // what it takes away of earlier scenes
	// Explains is what is no root beside this one, although its own cause may be another: who has deleted the reports of
	// stale embeddings leaves no trace, and a cleanup that asks the wrong database does just this.
	Explains []checks.Code
}

// End is a step that has to go well later, for a fault to be over, and what is wrong still then.
type End struct {
	Step Step
	Left []checks.Code
}

// Traffic is the name of the scene in which signals go through. Where it passes [Agent], some are of one matter.
const Traffic = "traffic"

var (
	asked     = []Step{Quota, Filter, Queries}
	all       = []Step{Quota, Filter, Queries, Selection, Agent}
	processed = []Step{Quota, Filter}
	failed    = []checks.Code{checks.INB004} // a report that has failed stays so
)

// Scenes are those that worlds are made of. What is right to say of each alone is what the lab's tests hold it to; here is
// what is right when others follow.
//
// Not among them are the diseases that blind the doctor (SEE001 to SEE006, SVC001 to SVC005, SVC007), those of a service
// that the lab's teams share, and those whose point is one form of a setting or of a history: each has tests of its own.
var Scenes = []Scene{
	{Name: Traffic, Place: Middle, Passes: asked},
	{Name: Traffic, Place: Middle, Passes: all},

	{Name: "mutation-stuck", Roots: codes(checks.CLK003), Place: First, Passes: all},
	{Name: "embeddings-back-after-cleanup", Roots: codes(checks.CLK007), Place: First},
	{Name: "stale-embeddings-after-cleanup", Roots: codes(checks.ENV001), Place: First, Passes: all, Sets: true, Explains: codes(checks.CLK001)},
	{Name: "buffer-timed-out", Roots: codes(checks.TMP005), Place: First, Passes: []Step{Quota}},
	{Name: "emitter-failed", Roots: codes(checks.TMP013), Place: First, Passes: asked},

	{Name: "signal-lost-during-safety-filter", Roots: codes(checks.TMP001), Place: Middle, Passes: all},
	{Name: "signal-lost-during-flush", Roots: codes(checks.TMP001), Place: Middle, Passes: asked},
	{Name: "signal-lost-while-continuing", Roots: codes(checks.TMP001), Place: Middle, Passes: asked},
	{Name: "two-of-three-signals-lost", Roots: codes(checks.TMP001), Place: Middle, Passes: asked},
	{Name: "all-signals-lost", Roots: codes(checks.TMP001), Place: Middle, Passes: asked},
	{Name: "burst-lost", Roots: codes(checks.TMP001), Place: Middle, Passes: asked},
	{Name: "signal-lost-behind-unsafe-batch", Roots: codes(checks.TMP001), Place: Middle, Passes: processed},
	{Name: "signal-lost-behind-quota", Roots: codes(checks.TMP001), Place: Middle, Passes: asked},
	{Name: "buffer-terminated", Roots: codes(checks.TMP005), Place: Middle, Passes: []Step{Quota}},
	{Name: "buffer-failed-in-safety-filter", Roots: codes(checks.TMP002), Place: Middle, Ends: []End{{Filter, codes(checks.TMP005)}}, Passes: []Step{Quota}, Fault: "safety filter"},
	{Name: "signals-filtered-out", Place: Middle, Passes: processed},
	{Name: "quota-reached", Roots: codes(checks.TMP008), Place: Middle, Ends: []End{{Quota, nil}}},
	{Name: "signal-delivered-twice", Roots: codes(checks.TMP012), Place: Middle, Passes: all},
	{Name: "activity-failed", Roots: codes(checks.TMP002), Place: Middle, Ends: []End{{Queries, codes(checks.TMP006)}}, Passes: processed, Fault: "queries that fail otherwise"},
	{Name: "activity-failed-for-good", Roots: codes(checks.TMP002), Place: Middle, Ends: []End{{Selection, failed}}, Passes: asked, Agents: true},
	{Name: "batch-missing", Roots: codes(checks.TMP014), Place: Middle, Passes: processed},
	{Name: "signal-dropped-among-others", Roots: codes(checks.TMP006), Place: Middle, Passes: all},
	{Name: "batch-dropped-beside-another", Roots: codes(checks.TMP006), Place: Middle, Passes: asked, Fault: "queries"},
	{Name: "stale-embeddings", Roots: codes(checks.CLK001), Place: Middle, Passes: all, Clears: codes(checks.INB004, checks.CLK004)},
	{Name: "signals-of-deleted-report", Roots: codes(checks.CLK004), Place: Middle, Passes: all, Clears: failed},

	deniedBefore,
	agents("agent-inactive", checks.SBX002),
	agents("agent-inactive-old", checks.SBX002),
	agents("agent-log-empty", checks.SBX003),
	agents("model-api-error", checks.SBX004),
	apiKeyRefused,
	agents("agent-server-port-taken", checks.SBX007),
	agents("agentsh-daemon-missing", checks.SBX008),
	agents("agentsh-daemon-hidden", checks.SBX008),
	agents("sandbox-image-missing", checks.SBX009),
	agents("mcp-server-on-loopback", checks.SBX010),
	agents("sandbox-out-of-memory", checks.SBX011),
	agents("repository-clone-failed", checks.SBX013),
	agents("agent-server-rejects-option", checks.SBX014),
	agents("sandbox-not-created", checks.SBX015),
	{Name: "orphan-container", Roots: codes(checks.SBX005), Place: Middle, Passes: all, Agents: true},

	{Name: "clickhouse-database-missing", Roots: codes(checks.ENV001), Place: Setting, Passes: all, Sets: true, Explains: codes(checks.CLK001)},
	{Name: "clickhouse-database-commented", Roots: codes(checks.ENV001), Place: Setting, Passes: all, Sets: true, Explains: codes(checks.CLK001)},
	{Name: "clickhouse-database-wrong", Roots: codes(checks.ENV001), Place: Setting, Passes: all, Sets: true, Explains: codes(checks.CLK001)},
	{Name: "inactivity-timeout-with-unit", Roots: codes(checks.ENV002), Place: Setting, Passes: all, Sets: true},
	{Name: "placeholder-left", Roots: codes(checks.ENV005), Place: Setting, Passes: all, Sets: true},
	{Name: "kafka-down", Roots: codes(checks.SVC006), Place: Setting, Passes: all, Sets: true, Explains: codes(checks.CLK009)},
	{Name: "mcp-server-down", Roots: codes(checks.SVC006), Place: Setting, Passes: all, Sets: true},

	{Name: "agentsh-denies-mcp", Roots: codes(checks.SBX001), Place: Last, Passes: asked, Agents: true, Sets: true},
	{Name: "agent-without-tools", Roots: codes(checks.SBX012), Place: Last, Passes: asked, Agents: true, Sets: true},
	{Name: "sandbox-gateway-unset", Roots: codes(checks.ENV009), Place: Last, Passes: asked, Agents: true, Sets: true},
	{Name: "task-run-blocked", Roots: codes(checks.SBX006), Place: Last, Passes: asked, Agents: true},
	{Name: "no-worker", Roots: codes(checks.TMP003), Place: Last},
	{Name: "emitter-without-worker", Roots: codes(checks.TMP003), Place: Last},
	{Name: "successor-without-worker", Roots: codes(checks.TMP003), Place: Last, Passes: asked},
	{Name: "emitter-timed-out", Roots: codes(checks.TMP004), Place: Last, Passes: []Step{Quota}},
	{Name: "emitter-behind-failing-buffer", Roots: codes(checks.TMP002), Place: Last, Passes: []Step{Quota}, Fault: "safety filter"},
	{Name: "activity-retrying", Roots: codes(checks.TMP002), Place: Last, Passes: asked}, // the embeddings fail, beside the queries,
	{Name: "poison-batch", Roots: codes(checks.TMP002), Place: Last, Passes: processed, Fault: "queries"},
	{Name: "grouping-paused", Roots: codes(checks.TMP009), Place: Last, Passes: processed},
	{Name: "signal-awaited-in-vain", Roots: codes(checks.CLK009), Place: Last, Passes: all},
	{Name: "source-switched-off", Roots: codes(checks.INB001), Place: Last},
	{Name: "all-sources-switched-off", Roots: codes(checks.INB001), Place: Last},
	{Name: "consent-withdrawn", Roots: codes(checks.INB003), Place: Last},
	{Name: "report-stuck-in-progress", Roots: codes(checks.INB002), Place: Last, Passes: asked},
	{Name: "report-stuck-candidate", Roots: codes(checks.INB002), Place: Last, Passes: asked},
	{Name: "summary-timed-out", Roots: codes(checks.TMP002), Place: Last, Passes: asked},
}

func codes(all ...checks.Code) []checks.Code { return all }

// agents is a fault of the agents that choose a repository. Their report has failed for it.
func agents(name string, root checks.Code) Scene {
	return Scene{Name: name, Roots: codes(root), Place: Middle, Ends: []End{{Agent, failed}}, Passes: asked, Agents: true}
}

// deniedBefore stops all sandboxes of the team, also one that another scene has left.
var deniedBefore = Scene{
	Name: "agentsh-denies-host-old", Roots: codes(checks.SBX001), Place: Middle, Passes: asked, Agents: true,
	Ends: []End{{Agent, failed}}, Clears: codes(checks.SBX005),
}

// apiKeyRefused is no fault of the key, once an activity has been answered for it: but the agents may have another one.
var apiKeyRefused = Scene{
	Name: "api-key-refused-in-sandbox", Roots: codes(checks.ENV003), Place: Middle, Fault: "key", Passes: asked, Agents: true,
	Ends: []End{{Filter, codes(checks.SBX004)}, {Agent, failed}},
}
