package host

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/storage/folder"
)

// bucketServer keeps the objects of buckets in a folder, at an origin of its
// own, as S3 does: what pages may load from there is seen here too.
type bucketServer struct {
	server *http.Server
	origin string
	made   string // the folder, when it goes with the host
}

// openBuckets starts the server; without a folder it makes one that goes with
// the host. secret is the secret access key of the functions.
func openBuckets(root, secret string, now func() time.Time) (*bucketServer, error) {
	b := &bucketServer{}
	if root == "" {
		var err error
		if root, err = os.MkdirTemp("", "fabrique-files-"); err != nil {
			return nil, fmt.Errorf("files: %w", err)
		}
		b.made = root
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	b.origin = "http://" + listener.Addr().String()
	b.server = &http.Server{Handler: &folder.Server{Root: root, Secret: secret, Now: now}, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = b.server.Serve(listener) }() // it returns when it is closed
	return b, nil
}

func (b *bucketServer) close() {
	_ = b.server.Close()
	if b.made != "" {
		_ = os.RemoveAll(b.made)
	}
}
