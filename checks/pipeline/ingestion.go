package pipeline

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// BufferedOf names the signals of a team that came into ClickHouse through a buffer, on their way to the embedding table of
// one model. The model is named as in the names of tables.
type BufferedOf struct {
	Buffer, Table Table
	Model         string
	Team          int64
}

// BufferedSignals is what a buffer has of a team's signals, for a day.
type BufferedSignals struct {
	Arrived int       // signals in the buffer
	Newest  time.Time // when the newest of them came; zero when there is none
	Missing int       // of these, which are not in the table, and came after the last change of its rows
	Oldest  time.Time // when the oldest of those came; zero when there is none
}

// BufferedSignals compares a buffer with the table that its rows are handed on to (products/error_tracking/backend/indexed_embedding.py).
// What the table does not have was deleted there, perhaps, if it came before the table's newest mutation: it is left out.
func (c *ClickHouse) BufferedSignals(ctx context.Context, asked BufferedOf) (BufferedSignals, error) {
	return ask(ctx, c.world, SignalsBuffered, asked, func(ctx context.Context) (BufferedSignals, error) {
		const signals = "team_id = ? AND product = 'signals' AND document_type = 'signal'"
		rows, err := query(ctx, c, func(row scanner, b *BufferedSignals) error {
			var arrived, missing uint64
			err := row.Scan(&arrived, &b.Newest, &missing, &b.Oldest)
			b.Arrived, b.Missing = int(arrived), int(missing)
			return err
		}, `SELECT count() AS all_of_them, max(arrived) AS newest, countIf(is_missing) AS missing, minIf(arrived, is_missing) AS oldest
FROM (SELECT document_id, max(inserted_at) AS arrived,
	document_id NOT IN (SELECT document_id FROM `+quoted(asked.Table.Reader())+` WHERE `+signals+`)
	AND toDateTime(max(inserted_at)) > (SELECT max(create_time) FROM system.mutations WHERE database = ? AND table = ?) AS is_missing
FROM `+quoted(asked.Buffer)+`
WHERE `+signals+` AND replaceAll(model_name, '-', '_') = ?
GROUP BY document_id)`, asked.Team, asked.Table.Database, asked.Table.Name, asked.Team, asked.Model)
		if err != nil {
			return BufferedSignals{}, err
		}
		if len(rows) != 1 {
			return BufferedSignals{}, fmt.Errorf("%d rows came for its counts", len(rows))
		}
		b := rows[0]
		if b.Arrived == 0 { // the least of no times is another one on each server
			b.Newest = time.Time{}
		}
		if b.Missing == 0 {
			b.Oldest = time.Time{}
		}
		return b, nil
	})
}

// KafkaConsumers is what ClickHouse tells of the consumers of its Kafka tables.
type KafkaConsumers struct {
	Untold bool // servers from before 23.8 tell of none
	All    []KafkaConsumer
}

// KafkaConsumer is one consumer of a Kafka table, which is there once a view reads from the table. Times are zero for never.
type KafkaConsumer struct {
	Database, Table   string
	Polled, Committed time.Time
	Failed            time.Time // the newest of its failures that are kept
	Failure           string    // the beginning of what it was: any text at all
}

// mostConsumers is how many consumers are listed.
const mostConsumers = 100

// KafkaConsumers lists the consumers of the embeddings' family, in all databases.
func (c *ClickHouse) KafkaConsumers(ctx context.Context) (KafkaConsumers, error) {
	return ask(ctx, c.world, ConsumersOfKafka, Nothing{}, func(ctx context.Context) (KafkaConsumers, error) {
		server, err := c.Reach(ctx)
		if err != nil {
			return KafkaConsumers{}, err
		}
		if !tellsConsumers(server.Version) {
			return KafkaConsumers{Untold: true}, nil
		}
		all, err := query(ctx, c, func(row scanner, k *KafkaConsumer) error {
			err := row.Scan(&k.Database, &k.Table, &k.Polled, &k.Committed, &k.Failed, &k.Failure)
			for _, at := range []*time.Time{&k.Polled, &k.Committed, &k.Failed} {
				if at.Unix() <= 0 {
					*at = time.Time{}
				}
			}
			return err
		}, `SELECT database, table, last_poll_time, last_commit_time,
	if(empty(exceptions.time), toDateTime(0), exceptions.time[-1]), if(empty(exceptions.text), '', substring(exceptions.text[-1], 1, 500))
FROM system.kafka_consumers WHERE table LIKE ? ORDER BY database, table, consumer_id LIMIT ?`, embeddings, mostConsumers)
		return KafkaConsumers{All: all}, err
	})
}

// tellsConsumers reports whether a server has the table of consumers.
func tellsConsumers(version string) bool {
	numbers := strings.SplitN(version, ".", 3)
	if len(numbers) < 2 {
		return false
	}
	year, err := strconv.Atoi(numbers[0])
	month, of := strconv.Atoi(numbers[1])
	return err == nil && of == nil && (year > 23 || year == 23 && month >= 8)
}
