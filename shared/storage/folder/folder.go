// Package folder answers what package storage asks of S3, from a folder of
// this computer: only tests and the laptop use it. It holds forms to the
// policy that was signed, and lets nothing be read without a signature.
package folder

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Server is an http.Handler that keeps the objects of all buckets below Root.
type Server struct {
	Root string
	// Secret is the secret access key of its clients.
	Secret string
	Now    func() time.Time
}

// maxObject bounds what a form may send, whatever its policy says.
const maxObject = 300 << 20

// ServeHTTP takes PUT, GET, HEAD and DELETE of /bucket/key, and POST /bucket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodPost && key == "":
		s.post(w, r, bucket)
	case !s.signed(r):
		refuse(w, http.StatusForbidden, "AccessDenied")
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		s.copy(w, r, bucket, key)
	case r.Method == http.MethodPut:
		content, err := io.ReadAll(io.LimitReader(r.Body, maxObject))
		if err == nil {
			err = s.write(bucket, key, content)
		}
		if err != nil {
			refuse(w, http.StatusInternalServerError, "InternalError")
		}
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		s.read(w, r, bucket, key)
	case r.Method == http.MethodDelete:
		_ = os.Remove(s.path(bucket, key)) // one that is not there is removed already
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
}

// path is where an object is: its key written so that it names no other folder.
func (s *Server) path(bucket, key string) string {
	return filepath.Join(s.Root, url.PathEscape(bucket), "~"+url.PathEscape(key))
}

func (s *Server) write(bucket, key string, content []byte) error {
	name := s.path(bucket, key)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o600)
}

func (s *Server) read(w http.ResponseWriter, r *http.Request, bucket, key string) {
	file, err := os.Open(s.path(bucket, key))
	if errors.Is(err, os.ErrNotExist) {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	defer file.Close()
	header := w.Header()
	header.Set("ETag", tagOf(file))
	header.Set("Content-Type", "application/octet-stream")
	for parameter, name := range map[string]string{"response-content-type": "Content-Type",
		"response-content-disposition": "Content-Disposition", "response-cache-control": "Cache-Control"} {
		if value := r.URL.Query().Get(parameter); value != "" {
			header.Set(name, value)
		}
	}
	header.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, file)
}

// tagOf changes with a file.
func tagOf(file *os.File) string {
	info, err := file.Stat()
	if err != nil {
		return `"unknown"`
	}
	return fmt.Sprintf(`"%x-%x"`, info.Size(), info.ModTime().UnixNano())
}

// copy puts an object under another key, when it is the one that was meant.
func (s *Server) copy(w http.ResponseWriter, r *http.Request, bucket, key string) {
	source, err := url.PathUnescape(r.Header.Get("X-Amz-Copy-Source"))
	from, name, _ := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	if err != nil || from != bucket {
		refuse(w, http.StatusBadRequest, "InvalidArgument")
		return
	}
	file, err := os.Open(s.path(from, name))
	if err != nil {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	defer file.Close()
	if wanted := r.Header.Get("X-Amz-Copy-Source-If-Match"); wanted != "" && wanted != tagOf(file) {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	content, err := io.ReadAll(file)
	if err == nil {
		err = s.write(bucket, key, content)
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, "<CopyObjectResult><ETag>&quot;copied&quot;</ETag></CopyObjectResult>")
}

// signed tells whether a call is signed: by a header, which clients of this
// process alone make, or in its address, whose signature is made again.
func (s *Server) signed(r *http.Request) bool {
	if r.Header.Get("Authorization") != "" {
		return true
	}
	query := r.URL.Query()
	at, err := time.Parse(amzTime, query.Get("X-Amz-Date"))
	seconds, err2 := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || err2 != nil || s.Now().After(at.Add(time.Duration(seconds)*time.Second)) {
		return false
	}
	given := query.Get("X-Amz-Signature")
	query.Del("X-Amz-Signature")
	// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
	canonical := strings.Join([]string{"GET", r.URL.EscapedPath(), strings.ReplaceAll(query.Encode(), "+", "%20"),
		"host:" + r.Host + "\n", "host", "UNSIGNED-PAYLOAD"}, "\n")
	_, scope, _ := strings.Cut(query.Get("X-Amz-Credential"), "/")
	sum := sha256.Sum256([]byte(canonical))
	wanted := s.sign(scope, "AWS4-HMAC-SHA256\n"+query.Get("X-Amz-Date")+"\n"+scope+"\n"+hex.EncodeToString(sum[:]))
	return hmac.Equal([]byte(given), []byte(wanted))
}

const amzTime = "20060102T150405Z"

// sign is a signature of version 4 within a scope "20260310/eu-west-3/s3/aws4_request".
func (s *Server) sign(scope, text string) string {
	key := []byte("AWS4" + s.Secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = sum(key, part)
	}
	return hex.EncodeToString(sum(key, text))
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// post takes a form, when it is what its signed policy says.
func (s *Server) post(w http.ResponseWriter, r *http.Request, bucket string) {
	r.Body = http.MaxBytesReader(w, r.Body, maxObject)
	if err := r.ParseMultipartForm(8 << 20); err != nil {
		refuse(w, http.StatusBadRequest, "MalformedPOSTRequest")
		return
	}
	fields := map[string]string{"bucket": bucket}
	for name, values := range r.MultipartForm.Value {
		fields[strings.ToLower(name)] = values[0]
	}
	files := r.MultipartForm.File["file"]
	if len(files) != 1 || files[0].Size > maxObject {
		refuse(w, http.StatusBadRequest, "IncorrectNumberOfFilesInPostRequest")
		return
	}
	if code := s.allowed(fields, files[0].Size); code != "" {
		refuse(w, http.StatusForbidden, code)
		return
	}
	file, err := files[0].Open()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err == nil {
		err = s.write(bucket, fields["key"], content)
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	if then := fields["success_action_redirect"]; then != "" {
		http.Redirect(w, r, then, http.StatusSeeOther) //nolint:gosec // the policy has fixed it
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// allowed returns the code for which S3 would refuse a form, or nothing.
func (s *Server) allowed(fields map[string]string, size int64) string {
	_, scope, _ := strings.Cut(fields["x-amz-credential"], "/")
	if !hmac.Equal([]byte(s.sign(scope, fields["policy"])), []byte(fields["x-amz-signature"])) {
		return "SignatureDoesNotMatch"
	}
	var policy struct {
		Expiration time.Time
		Conditions []any
	}
	text, err := base64.StdEncoding.DecodeString(fields["policy"])
	if err != nil || json.Unmarshal(text, &policy) != nil || s.Now().After(policy.Expiration) {
		return "AccessDenied"
	}
	named := map[string]bool{"policy": true, "x-amz-signature": true, "bucket": true}
	for _, condition := range policy.Conditions {
		switch c := condition.(type) {
		case map[string]any:
			for name, value := range c {
				name = strings.ToLower(name)
				named[name] = true
				if fields[name] != value {
					return "AccessDenied"
				}
			}
		case []any:
			least, _ := c[1].(float64)
			most, _ := c[2].(float64)
			if c[0] != "content-length-range" || float64(size) < least || float64(size) > most {
				return "EntityTooLarge"
			}
		}
	}
	for name := range fields { // S3 takes no field that the policy does not name
		if !named[name] {
			return "AccessDenied"
		}
	}
	return ""
}
