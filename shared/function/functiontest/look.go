package functiontest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Dump is every item of a table.
func (e *Env) Dump(t function.Table) (items []map[string]any) {
	e.t.Helper()
	name := e.TableName(t)
	pages := dynamodb.NewScanPaginator(e.Client, &dynamodb.ScanInput{TableName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(e.t.Context())
		if err != nil {
			e.t.Fatal(err)
		}
		for _, attributes := range page.Items {
			item := map[string]any{}
			if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
				e.t.Fatal(err)
			}
			items = append(items, item)
		}
	}
	return items
}

// Holding lists the items of all tables that hold a text anywhere, in keys or
// values, whatever its case: "Allies PERSON#… MAIL#…".
func (e *Env) Holding(text string) (found []string) {
	e.t.Helper()
	for _, d := range function.Definitions {
		for _, item := range e.Dump(d.Table) {
			if strings.Contains(strings.ToLower(fmt.Sprint(item)), strings.ToLower(text)) {
				found = append(found, fmt.Sprintf("%s %v %v", d.Table, item["pk"], item["sk"]))
			}
		}
	}
	return found
}

// Do sends a request to an opened function. The body may be nil, a string as
// it is, url.Values for a page's form, or anything else for JSON. headers are
// names and values in turn.
func (e *Env) Do(running *function.Running, method, target string, body any, headers ...string) *httptest.ResponseRecorder {
	e.t.Helper()
	content, mediaType := e.encode(body)
	request := httptest.NewRequestWithContext(e.t.Context(), method, target, content)
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	request = request.WithContext(web.WithRequestID(request.Context(), "test-request"))
	answer := httptest.NewRecorder()
	running.HTTP.ServeHTTP(answer, request)
	return answer
}

func (e *Env) encode(body any) (content io.Reader, mediaType string) {
	switch b := body.(type) {
	case nil:
		return http.NoBody, ""
	case string:
		return strings.NewReader(b), "application/json"
	case url.Values:
		return strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	}
	text, err := json.Marshal(body)
	if err != nil {
		e.t.Fatal(err)
	}
	return bytes.NewReader(text), "application/json"
}
