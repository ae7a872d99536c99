package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// ObjectStorage is the S3 server that holds signal batches and agent logs. Only plain S3 is spoken, addressed by path:
// both MinIO and SeaweedFS stand behind this name.
type ObjectStorage struct {
	world *World

	once   sync.Once
	client *minio.Client
	err    error
}

// Reach greets the server: it must have the bucket, and list it. S3 has no word for a version.
func (o *ObjectStorage) Reach(ctx context.Context) (Reached, error) {
	return ask(ctx, o.world, ObjectStorageReached, Nothing{}, func(ctx context.Context) (Reached, error) {
		o.once.Do(o.open)
		if o.err != nil {
			return Reached{}, o.err
		}
		bucket := o.world.Settings.ObjectStorage.Bucket
		// Listing says more than asking for the bucket's existence, a HEAD request whose refusals have no reason.
		for object := range o.client.ListObjectsIter(ctx, bucket, minio.ListObjectsOptions{MaxKeys: 1}) {
			if object.Err != nil {
				return Reached{}, refusedByStorage(object.Err, bucket)
			}
			break
		}
		if ctx.Err() != nil {
			return Reached{}, ctx.Err()
		}
		return o.world.reached(SourceObjectStorage, ""), nil
	})
}

// Missing returns those of some keys that no object has, in their order. The objects themselves are not read.
func (o *ObjectStorage) Missing(ctx context.Context, keys []string) ([]string, error) {
	return ask(ctx, o.world, ObjectsMissing, keys, func(ctx context.Context) ([]string, error) {
		o.once.Do(o.open)
		if o.err != nil {
			return nil, o.err
		}
		bucket := o.world.Settings.ObjectStorage.Bucket
		var missing []string
		for _, key := range keys {
			_, err := o.client.StatObject(ctx, bucket, key, minio.StatObjectOptions{})
			switch {
			case minio.ToErrorResponse(err).Code == minio.NoSuchKey:
				missing = append(missing, key)
			case err != nil:
				return nil, refusedByStorage(err, bucket)
			}
		}
		return missing, nil
	})
}

// LogObject is the log of one run of an agent, as the object storage lists it.
type LogObject struct {
	Key       string
	Task, Run string // the ids in the key
	Size      int64
	Modified  time.Time
}

// LogListing is the agent logs of a team.
type LogListing struct {
	Logs      []LogObject // newest first
	Truncated bool        // there are more
}

// mostLogs is how many logs are listed: ten pages. Logs are kept for 30 days.
const mostLogs = 10_000

// AgentLogs lists the logs of a team's agents (TaskRun.log_url, products/tasks/backend/models.py).
func (o *ObjectStorage) AgentLogs(ctx context.Context, team int64) (LogListing, error) {
	return ask(ctx, o.world, AgentLogs, team, func(ctx context.Context) (LogListing, error) {
		o.once.Do(o.open)
		if o.err != nil {
			return LogListing{}, o.err
		}
		s := o.world.Settings.ObjectStorage
		var listing LogListing
		options := minio.ListObjectsOptions{Prefix: logFolder(s.Tasks, team), Recursive: true}
		for object := range o.client.ListObjectsIter(ctx, s.Bucket, options) {
			if object.Err != nil {
				return LogListing{}, refusedByStorage(object.Err, s.Bucket)
			}
			if len(listing.Logs) == mostLogs {
				listing.Truncated = true
				break
			}
			if log, ok := logObject(object.Key); ok {
				log.Size, log.Modified = object.Size, object.LastModified
				listing.Logs = append(listing.Logs, log)
			}
		}
		if ctx.Err() != nil {
			return LogListing{}, ctx.Err()
		}
		slices.SortStableFunc(listing.Logs, func(a, b LogObject) int { return b.Modified.Compare(a.Modified) })
		return listing, nil
	})
}

func logFolder(tasks string, team int64) string { return fmt.Sprintf("%s/logs/team_%d/", tasks, team) }

// LogKey is the key of the log of one run of an agent.
func (o *ObjectStorage) LogKey(team int64, task, run string) string {
	return logFolder(o.world.Settings.ObjectStorage.Tasks, team) + "task_" + task + "/run_" + run + ".jsonl"
}

// RunOfKey is the task and the run that a log is of, by its key.
func (o *ObjectStorage) RunOfKey(key string) (task, run string, ok bool) {
	log, ok := logObject(key)
	return log.Task, log.Run, ok
}

func logObject(key string) (LogObject, bool) {
	folder, name := path.Split(key)
	task, inTask := strings.CutPrefix(path.Base(folder), "task_")
	run, isRun := strings.CutPrefix(strings.TrimSuffix(name, ".jsonl"), "run_")
	return LogObject{Key: key, Task: task, Run: run}, inTask && isRun && strings.HasSuffix(name, ".jsonl")
}

// AgentLog reads the end of a log, at most so many bytes of it. It reports an error of kind [Missing] where there is no
// such log.
func (o *ObjectStorage) AgentLog(ctx context.Context, key string, bytes int64) (*AgentLog, error) {
	return ask(ctx, o.world, AgentLogEnds, LogEnd{key, bytes}, func(ctx context.Context) (*AgentLog, error) {
		body, size, err := o.end(ctx, key, bytes)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return readAgentLog(body, size, size > bytes)
	})
}

func (o *ObjectStorage) open() {
	s := o.world.Settings.ObjectStorage
	address, err := url.Parse(s.URL)
	if err != nil {
		o.err = fmt.Errorf("%s has no valid address", s.Setting)
		return
	}
	transport := &http.Transport{DialContext: o.world.dialer()}
	o.client, o.err = minio.New(address.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(s.AccessKey, string(s.SecretKey), ""),
		Secure:       address.Scheme == "https",
		Region:       s.Region,
		BucketLookup: minio.BucketLookupPath,
		Transport:    onlyS3{transport},
		MaxRetries:   1, // the first failure is the answer
	})
	o.world.onClose(transport.CloseIdleConnections)
}

// onlyS3 refuses the answers of others, which the client takes for a missing bucket or an empty one. An S3 server gives
// each request an id.
type onlyS3 struct{ http.RoundTripper }

func (o onlyS3) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := o.RoundTripper.RoundTrip(request)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // the client would say it in words of its own
		return nil, errors.New("the connection was closed before there was an answer")
	}
	if err != nil || response.Header.Get("x-amz-request-id") != "" {
		return response, err
	}
	response.Body.Close()
	return nil, fmt.Errorf("what answers is not object storage: HTTP %s", response.Status)
}

// refusedByStorage tells refused credentials, what they do not open, and a missing bucket from other errors.
func refusedByStorage(err error, bucket string) error {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.Code {
	case minio.NoSuchBucket:
		return kinded{Missing, fmt.Errorf("there is no bucket %q", bucket)}
	case minio.NoSuchKey:
		return kinded{Missing, errors.New("there is no such object")}
	case minio.AccessDenied:
		return kinded{Forbidden, err}
	case minio.InvalidAccessKeyID, minio.SignatureDoesNotMatch:
		return kinded{Denied, err}
	}
	return err
}
