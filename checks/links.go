package checks

import "fmt"

// Link says that a finding of one code can explain a finding of another, and what shows it.
type Link struct {
	Cause    Code   `json:"cause"`
	Effect   Code   `json:"effect"`
	Evidence string `json:"evidence"` // what in the effect points to the cause
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
	{ENV006, TMP003, "the workers that the task queue waits for ask the other one"},
	{ENV007, TMP002, "the message is that of a key that does not fit"},
	{ENV008, SBX003, "the log of an agent is not kept"},
	{ENV008, TMP014, "the batch was thrown away when it was written"},
	{ENV008, TMP002, "the batch that the message misses was not kept"},
	{ENV009, SBX002, "the agent did nothing after its start, and no error and no denial tells why"},
	{ENV011, TMP002, "the message says that the host name does not resolve"},
	{SVC002, TMP002, "the message names the address"},
	{SVC003, TMP002, "the message names the address, or is that of the storage's client"},
	{SVC004, SBX003, "an agent's sandbox could not be made or looked into"},
	{SVC004, TMP002, "the message names the address"},
	{SVC005, TMP002, "the message names the address"},
	{SVC006, TMP002, "the message names the address"},
	{SEE002, TMP002, "the message names the address, or is that of the storage's client"},
	{SEE003, SBX003, "an agent's sandbox could not be made or looked into"},
	{SEE003, TMP002, "the message names the socket"},
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
	{INB003, TMP002, "the message is the embedding worker's refusal of an organization that has not agreed"},
	{TMP002, INB004, "the report's summary failed"},
	{CLK002, INB004, "the report's signals are in the tables, and its summary has found none"},
	{SBX006, SBX003, "no workflow was started for the run that has left no log"},
	{SBX006, TMP002, "the failed activity waited for an agent that was never started"},
	{SBX007, TMP002, "the failed activity waited for the agent whose server did not start"},
	{SBX008, TMP002, "the failed activity waited for an agent in whose sandbox agentsh did not start"},
	{SBX009, TMP002, "the failed activity waited for an agent whose sandbox could not be made"},
	{SBX010, SBX002, "the refused connection is in the log of the silent agent's run"},
	{SBX010, SBX004, "the refused connection is in the log of the run whose model failed"},
	{SBX010, TMP002, "the failed activity waited for the agent that was refused"},
	{SVC006, SBX010, "the port is that of the service, which takes no connection from this machine either"},
	{SBX011, SBX002, "the sandbox of the silent agent's run ran out of memory"},
	{SBX011, SBX007, "the sandbox in which the server did not start ran out of memory"},
	{SBX011, TMP002, "the failed activity waited for the agent whose sandbox ran out of memory"},
	{SBX012, SBX002, "the silent agent had none of PostHog's tools"},
	{ENV004, SBX012, "the file that the worker has not read names the MCP server"},
	{SBX013, TMP002, "the failed activity waited for an agent whose repository could not be cloned"},
	{SBX013, SBX002, "the silent agent had to go on without its repository"},
	{SBX014, SBX007, "the Dockerfile has changed since, or the agent server does not know an option"},
	{SBX014, SBX008, "the Dockerfile has changed since the image was built"},
	{SBX014, TMP002, "the failed activity waited for an agent whose server is too old to start"},
	{SBX015, TMP002, "the failed activity waited for an agent whose sandbox could not be made"},
	{SVC004, SBX015, "an agent's sandbox could not be made"},
	{ENV005, SBX009, "the image cannot be built from the folder that the placeholder names"},
	{CLK005, INB004, "the report's summary found no signals, and rows of the team are in the buffer only"},
	{CLK007, CLK001, "the embeddings came into the table after the cleanup that has deleted their reports"},
	{SVC006, CLK006, "the consumer's failure names the address"},
	{CLK005, CLK009, "rows of the team are in the buffer only, or nothing hands them on"},
	{CLK006, CLK009, "nothing has arrived since grouping began"},
	{SVC006, CLK009, "nothing has arrived since grouping began, and the embedding worker or Kafka takes no connection"},
	{CLK002, CLK009, "the rows have arrived, and the tables are not in the database that is asked"},
	{CLK009, INB002, "grouping waits for rows before it starts the report's summary"},
}

// LinksOf returns what can explain a code, and what it can explain, each in the order of the table.
func LinksOf(code Code) (by, of []Link) {
	for _, l := range Links {
		if l.Effect == code {
			by = append(by, l)
		}
		if l.Cause == code {
			of = append(of, l)
		}
	}
	return by, of
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
