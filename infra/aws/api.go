package main

import (
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// What the API lets in, over all callers: an announcement that two thousand
// members open within two minutes is some 70 requests a second. More is
// answered 429 by the gateway, and costs no run of a function.
const (
	requestsPerSecond = 100
	requestsAtOnce    = 200
)

// gatewayPatience is the longest that an HTTP API waits for a function
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
const gatewayPatience = 30 * time.Second

// accessLine is one line of the access log. It holds the route and not the
// path, and neither address nor query: nothing personal, no token.
const accessLine = `{"request_id":"$context.requestId","time":"$context.requestTime","route":"$context.routeKey","method":"$context.httpMethod",` +
	`"status":"$context.status","bytes":"$context.responseLength","latency_ms":"$context.responseLatency",` +
	`"function_ms":"$context.integrationLatency","error":"$context.integrationErrorMessage"}`

// api is the one HTTP API of all functions.
type api struct {
	id     *string
	origin *string // that people see: the domain's, or the API's own
}

func (a *application) newAPI() api {
	gateway := awsapigatewayv2.NewCfnApi(a.stack, jsii.String("API"), &awsapigatewayv2.CfnApiProps{
		Name: jsii.String(prefix), ProtocolType: jsii.String("HTTP"),
		// One address only, once there is a domain. Cross-origin calls are
		// answered by the functions, on both hosts alike.
		DisableExecuteApiEndpoint: jsii.Bool(a.options.Domain != ""),
	})
	// The name under /aws/vendedlogs spares a resource policy that has a
	// size limit over all logs of an account.
	log := awslogs.NewLogGroup(a.stack, jsii.String("AccessLog"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/vendedlogs/" + prefix + "-api"),
		Retention:     awslogs.RetentionDays_THREE_MONTHS,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	stage := awsapigatewayv2.NewCfnStage(a.stack, jsii.String("Stage"), &awsapigatewayv2.CfnStageProps{
		ApiId: gateway.Ref(), StageName: jsii.String("$default"), AutoDeploy: jsii.Bool(true),
		AccessLogSettings: &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
			DestinationArn: log.LogGroupArn(), Format: jsii.String(accessLine),
		},
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{
			ThrottlingRateLimit:  jsii.Number(requestsPerSecond),
			ThrottlingBurstLimit: jsii.Number(requestsAtOnce),
		},
	})
	origin := gateway.AttrApiEndpoint()
	if a.options.Domain != "" {
		origin = jsii.String("https://" + a.options.Domain)
		a.addDomain(gateway, stage)
	}
	a.watchAPI(gateway.Ref())
	a.output("Origin", "Address of the public pages and of the API", origin)
	return api{id: gateway.Ref(), origin: origin}
}

func (a *application) addDomain(gateway awsapigatewayv2.CfnApi, stage awsapigatewayv2.CfnStage) {
	domain := awsapigatewayv2.NewCfnDomainName(a.stack, jsii.String("Domain"), &awsapigatewayv2.CfnDomainNameProps{
		DomainName: jsii.String(a.options.Domain),
		DomainNameConfigurations: &[]*awsapigatewayv2.CfnDomainName_DomainNameConfigurationProperty{{
			CertificateArn: jsii.String(a.options.Certificate),
			EndpointType:   jsii.String("REGIONAL"),
			SecurityPolicy: jsii.String("TLS_1_2"),
		}},
	})
	awsapigatewayv2.NewCfnApiMapping(a.stack, jsii.String("DomainMapping"), &awsapigatewayv2.CfnApiMappingProps{
		ApiId: gateway.Ref(), DomainName: domain.Ref(), Stage: stage.Ref(),
	})
	a.output("DomainTarget", "Where the domain's CNAME (or ALIAS) record points", domain.AttrRegionalDomainName())
}

// addRoutes brings a function's declared routes to it. One permission serves
// them all, bound to this API: one for each route would soon fill the 20 KB
// that a function's policy may have.
func (a *application) addRoutes(u *unit) {
	if len(u.Routes) == 0 {
		return
	}
	awslambda.NewCfnPermission(u.scope, jsii.String("FromAPI"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), FunctionName: u.lambda.FunctionArn(),
		Principal: jsii.String("apigateway.amazonaws.com"),
		SourceArn: a.arn("execute-api", *a.api.id, "*/*"), // any stage, any of its routes
	})
	integration := awsapigatewayv2.NewCfnIntegration(u.scope, jsii.String("Integration"), &awsapigatewayv2.CfnIntegrationProps{
		ApiId: a.api.id, IntegrationType: jsii.String("AWS_PROXY"), IntegrationUri: u.lambda.FunctionArn(),
		PayloadFormatVersion: jsii.String("2.0"),
		TimeoutInMillis:      jsii.Number(min(u.Timeout, gatewayPatience).Milliseconds()),
	})
	for _, path := range u.Paths() {
		key := routeKey(path)
		route := awsapigatewayv2.NewCfnRoute(u.scope, jsii.String(key), &awsapigatewayv2.CfnRouteProps{
			ApiId: a.api.id, RouteKey: jsii.String(key), AuthorizationType: jsii.String("NONE"),
			Target: jsii.String("integrations/" + *integration.Ref()),
		})
		accept(route, "AwsSolutions-APIG4", "Who may call each method is declared, and the function itself "+
			"enforces it on both hosts, so that a refusal is the same problem document everywhere.")
	}
}

// routeKey is what API Gateway matches for a declared path. A rest-of-path
// variable is {name+} there and {name...} for net/http.
func routeKey(path function.Path) string { return strings.ReplaceAll(path.Key(), "...}", "+}") }
