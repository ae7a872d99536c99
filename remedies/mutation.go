package remedies

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// failing is the mutation of a finding, if its attempts fail. One that is only slow may come to its end. A server from before
// 2020 says of none why it fails, and can end none either.
func failing(c *Case) (pipeline.Mutation, bool) {
	all, _ := c.Result.([]pipeline.Mutation)
	for _, m := range all {
		if c.Finding.Failing() && slices.Equal(c.Finding.Subject, []string{m.Database, m.Table, m.ID}) {
			return m, m.Failure != ""
		}
	}
	return pipeline.Mutation{}, false
}

// killFailing ends a mutation that fails again and again.
func killFailing(c *Case) string {
	if _, fails := failing(c); !fails {
		return ""
	}
	return killMutation(c)
}

// killSlow is for who knows more of a mutation than can be seen.
func killSlow(c *Case) string {
	if _, fails := failing(c); fails {
		return ""
	}
	return killMutation(c)
}

func planKilling(_ context.Context, c *Case) (*Plan, error) {
	m, _ := failing(c)
	return &Plan{Operations: []Operation{&killing{m.Database, m.Table, m.ID}}, Then: func(*checks.Diagnosis) []string {
		return []string{fmt.Sprintf("ask again for what %s of %s was to change, once its reason is removed", m.ID, m.Table)}
	}}, nil
}

// killing ends a mutation that does not end by itself.
type killing struct {
	Database string `json:"database"`
	Table    string `json:"table"`
	Mutation string `json:"mutation"`
}

func (k *killing) Kind() string    { return "kill-mutation" }
func (k *killing) Target() string  { return "mutation " + k.Database + "/" + k.Table + "/" + k.Mutation }
func (k *killing) Essence() string { return "" }
func (k *killing) Final() string {
	return "a mutation that was ended does not go on: what it was to change has to be asked for again"
}

func (k *killing) Show() Shown {
	return Shown{
		Summary: fmt.Sprintf("end %s of %s.%s", k.Mutation, k.Database, k.Table), Form: "sql",
		Text: "KILL MUTATION WHERE " + k.condition(),
	}
}

func (k *killing) condition() string {
	return fmt.Sprintf("database = %s AND table = %s AND mutation_id = %s", sqlText(k.Database), sqlText(k.Table), sqlText(k.Mutation))
}

func (k *killing) Look(ctx context.Context, tools *Tools) (State, string, error) {
	world, err := tools.World()
	if err != nil {
		return Elsewhere, "", err
	}
	unfinished, err := world.ClickHouse.Mutations(ctx)
	if err != nil {
		return Elsewhere, "", err
	}
	for _, m := range unfinished {
		if m.Database == k.Database && m.Table == k.Table && m.ID == k.Mutation {
			return Before, k.Mutation + " has not come to its end", nil
		}
	}
	return After, k.Mutation + " is not there any more", nil
}

func (k *killing) Apply(ctx context.Context, tools *Tools) error {
	hands, err := tools.hands()
	if err != nil {
		return err
	}
	return hands.Kill(ctx, pipeline.Mutation{Database: k.Database, Table: k.Table, ID: k.Mutation})
}

func (k *killing) Undo(context.Context, *Tools) error { return errors.New(k.Final()) }
