package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

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
	if err != nil || response.Header.Get("x-amz-request-id") != "" {
		return response, err
	}
	response.Body.Close()
	return nil, fmt.Errorf("what answers is not object storage: HTTP %s", response.Status)
}

// refusedByStorage tells refused credentials and a missing bucket from other errors.
func refusedByStorage(err error, bucket string) error {
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.Code {
	case minio.NoSuchBucket:
		return kinded{Missing, fmt.Errorf("there is no bucket %q", bucket)}
	case minio.AccessDenied, minio.InvalidAccessKeyID, minio.SignatureDoesNotMatch:
		return kinded{Denied, err}
	}
	return err
}
