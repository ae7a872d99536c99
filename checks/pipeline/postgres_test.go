package pipeline_test

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// A server that says more than it was asked for does not answer the next question by it.
func TestPostgresAnswersWhatWasAsked(t *testing.T) {
	var asked atomic.Int32
	db := postgres(t, func(say *pgproto3.Backend) {
		if asked.Add(1) > 1 {
			say.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "42501", Message: "permission denied"})
			say.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			return
		}
		for range 2 {
			say.Send(&pgproto3.ParseComplete{})
			say.Send(&pgproto3.BindComplete{})
			say.Send(&pgproto3.RowDescription{})
			say.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")})
			say.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		}
	})
	if flags, err := db.Flag(t.Context(), 1, "flag"); err != nil || len(flags) > 0 {
		t.Errorf("the first question: %v, %v", flags, err)
	}
	if reports, err := db.UnfinishedReports(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("the second question: %v, %v", reports, err)
	}
}

func TestPostgresEnds(t *testing.T) {
	notice := &pgproto3.NoticeResponse{Message: strings.Repeat(" ", 1<<20)}
	db := postgres(t, func(say *pgproto3.Backend) {
		for say.Flush() == nil {
			say.Send(notice)
		}
	})
	if flags, err := db.Flag(t.Context(), 1, "flag"); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("an answer without end: %d flags, %v", len(flags), err)
	}
}

// postgres is a server that lets everybody in, and answers each question as it is told to.
func postgres(t *testing.T, answer func(*pgproto3.Backend)) *pipeline.Postgres {
	address := serve(t, func(conn net.Conn) {
		say := pgproto3.NewBackend(conn, conn)
		if _, err := say.ReceiveStartupMessage(); err != nil {
			return
		}
		say.Send(&pgproto3.AuthenticationOk{})
		say.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		for say.Flush() == nil {
			heard, err := say.Receive()
			if err != nil {
				return
			}
			if _, whole := heard.(*pgproto3.Sync); whole {
				answer(say)
			}
		}
	})
	s := someSettings()
	s.Postgres.DSN = settings.Secret("postgres://posthog@" + address + "/posthog?sslmode=disable")
	world := pipeline.Live(s, time.Now(), patient)
	t.Cleanup(world.Close)
	return world.Postgres
}
