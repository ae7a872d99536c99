package checks

import "fmt"

// Link says that a finding of one code can explain a finding of another, and what shows it.
type Link struct {
	Cause, Effect Code
	Evidence      string // what in the effect points to the cause
}

// Links is the one table of who can explain whom: what `doctor checks --graph` draws. A check blames on evidence only, and
// only what stands here, see [Unlinked].
var Links = []Link{
	{ENV001, CLK001, "the commands that delete embeddings ask another database than the one of this table"},
	{ENV001, CLK002, "the commands ask another database than the one that has the tables"},
	{ENV003, SBX004, "the model's API names the key, or refuses one as its provider does"},
	{ENV003, TMP002, "the message names the key, or refuses one as its provider does"},
	{ENV004, SBX001, "the file that the worker has not read gives the setting that opens the port"},
	{ENV004, TMP002, "the message says that a setting is missing which the file has that the worker has not read"},
	{SVC002, TMP002, "the message names the address"},
	{SVC003, TMP002, "the message names the address, or is that of the storage's client"},
	{SVC004, SBX003, "an agent's sandbox could not be made or looked into"},
	{SVC004, TMP002, "the message names the address"},
	{SVC005, TMP002, "the message names the address"},
	{SVC006, TMP002, "the message names the address"},
	{TMP002, INB002, "the report's summary failed"},
	{TMP002, TMP004, "the buffer that the emitter waited for was failing"},
	{TMP002, TMP005, "the failure ended the buffer's run"},
	{TMP002, TMP006, "the signal was dropped for the failure"},
	{TMP003, INB002, "grouping, which starts the report's summary, waits for a worker"},
	{TMP003, TMP004, "the emitter waited in the queue that no worker asks for tasks"},
	{TMP002, TMP013, "the buffer that the emitter found ended for the failure"},
	{TMP005, TMP013, "the buffer that the emitter found ended"},
	{TMP011, INB002, "the report's summary cannot go on"},
	{TMP011, TMP004, "the buffer that the emitter waited for could not go on"},
	{TMP014, TMP002, "the batch that the message misses is not in the object storage"},
	{TMP015, TMP002, "the activity's heartbeat was missed when its worker was restarted"},
	{CLK001, TMP002, "the report that the message misses has live embeddings"},
	{CLK004, TMP006, "the signal was given to a report of the table's deleted ones"},
	{SBX001, SBX002, "the denial is in the log of the silent agent's run"},
	{SBX001, SBX004, "the denial is in the log of the run whose model failed"},
	{SBX001, TMP002, "the failed activity waited for the agent that was denied"},
	{SBX002, TMP002, "the failed activity waited for the agent that was silent"},
	{SBX003, SBX002, "the run of the silent agent has left no log"},
	{SBX003, TMP002, "the failed activity waited for the agent that has left no log"},
	{SBX004, SBX002, "the error is in the log of the silent agent's run"},
	{SBX004, TMP002, "the failed activity waited for the agent whose model failed"},
}

// Unlinked returns an error about a finding that is explained by one which the table does not know as a cause of it.
func Unlinked(d *Diagnosis) error {
	for _, o := range d.Outcomes {
		for _, f := range o.Findings {
			for _, cause := range f.Causes {
				if !linked(cause.Code, f.Code) {
					return fmt.Errorf("check %s explains %s by %s, which is not in the table of links", o.Check.ID, f.Code, cause.Code)
				}
			}
		}
	}
	return nil
}

func linked(cause, effect Code) bool {
	for _, l := range Links {
		if l.Cause == cause && l.Effect == effect {
			return true
		}
	}
	return false
}
