package embeddings

import (
	"fmt"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
)

// commandsAsk is the database that the pipeline's commands ask, with what makes it that in words. Where their settings
// are not known it is the one that the embeddings belong in.
func commandsAsk(p *checks.Pass) (database, why string) {
	if d, known := checks.ResultOf[*environment.Database](p, environment.ClickHouseDatabase); known {
		return d.Effective, fmt.Sprintf("%.60q, which the commands ask", d.Effective)
	}
	belongs := p.World.Settings.ClickHouse.Embeddings
	return belongs, fmt.Sprintf("%q, where they belong", belongs)
}

// outOfReach is what explains that the commands have not deleted from a table: they ask another database.
func outOfReach(p *checks.Pass, t pipeline.Table) []*checks.Finding {
	if d, known := checks.ResultOf[*environment.Database](p, environment.ClickHouseDatabase); known && d.Effective != t.Database {
		return p.Findings(environment.ClickHouseDatabase)
	}
	return nil
}
