package function

import "strings"

// Bucket is one of the platform's S3 buckets, named by its area: private,
// encrypted, kept when its stack goes. Who declares it reads, writes and
// deletes its objects; nobody lists them.
type Bucket string

// Media holds files of resources, and the snapshots of the search index.
const Media Bucket = "media"

// Setting is the environment variable with the bucket's physical name, which
// hosts fill.
func (b Bucket) Setting() Setting {
	return Setting{"BUCKET_" + strings.ToUpper(string(b)), "", "physical name of the bucket " + string(b)}
}

// Actions are the IAM actions on the objects of a declared bucket. Who signs
// a form or an address lends its own rights.
func (b Bucket) Actions() []string {
	return []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
}

// StorageEndpoint is what speaks S3 in place of AWS.
var StorageEndpoint = Setting{"STORAGE_ENDPOINT", "", "URL of what speaks S3 in place of AWS; empty on AWS"}
