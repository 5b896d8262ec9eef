// Command lambda is the bootstrap of the function bilan on AWS Lambda.
package main

import (
	"github.com/fabrique-des-transitions/fabrique/functions/bilan"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

func main() { lambdahost.Start(bilan.Function) }
