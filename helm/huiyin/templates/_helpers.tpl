{{- define "huiyin.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* 36 characters at most: the longest name made from it stays within the 63 of a DNS label. */}}
{{- define "huiyin.fullname" -}}
{{- $name := include "huiyin.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $full | trunc 36 | trimSuffix "-" -}}
{{- end -}}

{{/* What selects every pod of the release. */}}
{{- define "huiyin.releaseLabels" -}}
app.kubernetes.io/name: {{ include "huiyin.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What selects the pods of one component. Takes root and component. */}}
{{- define "huiyin.selectorLabels" -}}
{{ include "huiyin.releaseLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of an object. Takes root and component. */}}
{{- define "huiyin.labels" -}}
{{ include "huiyin.selectorLabels" . }}
app.kubernetes.io/part-of: huiyin
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "huiyin.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A service's name as settings keys spell it. */}}
{{- define "huiyin.key" -}}
{{- replace "-" "_" . -}}
{{- end -}}

{{/* A service's entry laid over the defaults, as YAML. Takes root and component. */}}
{{- define "huiyin.service" -}}
{{- toYaml (mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (get .root.Values.services .component))) -}}
{{- end -}}

{{/* What every settings file begins with. */}}
{{- define "huiyin.telemetry" -}}
profile = "production"

[telemetry]
log_level = {{ .Values.telemetry.logLevel | quote }}
log_format = {{ .Values.telemetry.logFormat | quote }}
{{- with .Values.telemetry.otlpEndpoint }}
otlp_endpoint = {{ . | quote }}
{{- end }}
trace_ratio = {{ printf "%f" (float64 .Values.telemetry.traceRatio) }}
metrics_listen = "0.0.0.0:9400"
{{- end -}}

{{/* The settings file of the auditor, without its secrets. */}}
{{- define "huiyin.auditorSettings" -}}
{{ include "huiyin.telemetry" . }}

{{- if .Values.streams.secret.name }}

[streams]
url = "env:STREAMS_URL"
{{- end }}

[audit]
every_seconds = {{ int .Values.auditor.everySeconds }}
silent_after_seconds = {{ int .Values.auditor.silentAfterSeconds }}
looks_back = {{ int .Values.auditor.looksBack }}
database_url = "env:DATABASE_URL"
{{- if .Values.auditor.outside.name }}
outside_url = "env:OUTSIDE_URL"
{{- end }}
{{- end -}}

{{/* The settings file of one service, without its secrets. Takes root and component. */}}
{{- define "huiyin.settings" -}}
{{- $full := include "huiyin.fullname" .root -}}
{{- $service := include "huiyin.service" . | fromYaml -}}
{{ include "huiyin.telemetry" .root }}

[tls]
trust_domain = {{ .root.Values.tls.trustDomain | quote }}
certificate = "/etc/huiyin/tls/tls.crt"
key = "/etc/huiyin/tls/tls.key"
authorities = "/etc/huiyin/tls/ca.crt"
{{- if .root.Values.tls.revocations }}
revoked = "/etc/huiyin/tls/revoked.pem"
{{- end }}
{{- with .root.Values.tokens }}
{{- if .issuer }}

[tokens]
issuer = {{ .issuer | quote }}
audience = {{ .audience | quote }}
{{- end }}
{{- end }}

[log]
suite = {{ .root.Values.log.suite | quote }}
{{- with .root.Values.log.above }}
{{- if .address }}
above = {{ .address | quote }}
above_service = {{ .service | quote }}
{{- end }}
{{- if .tlsSecret }}
above_trust_domain = {{ .trustDomain | quote }}
above_certificate = "/etc/huiyin/above/tls.crt"
above_key = "/etc/huiyin/above/tls.key"
above_authorities = "/etc/huiyin/above/ca.crt"
{{- end }}
{{- end }}

[limits]
calls_per_second = {{ int .root.Values.limits.callsPerSecond }}
burst = {{ int .root.Values.limits.burst }}
calls = {{ int .root.Values.limits.calls }}
connections = {{ int .root.Values.limits.connections }}
connections_of_one = {{ int .root.Values.limits.connectionsOfOne }}
handshakes_per_second = {{ int .root.Values.limits.handshakesPerSecond }}

[addresses]
{{- range $other, $entry := .root.Values.services }}
{{ include "huiyin.key" $other }} = {{ printf "http://%s-%s:%d" $full $other (int $entry.port) | quote }}
{{- end }}

{{- if .root.Values.streams.secret.name }}

[streams]
url = "env:STREAMS_URL"
{{- end }}

[{{ include "huiyin.key" .component }}]
listen = {{ printf "0.0.0.0:%d" (int $service.port) | quote }}
database_url = "env:DATABASE_URL"
database_connections = {{ int $service.databaseConnections }}
log_key = "file:/etc/huiyin/log/log.key"
{{- with $service.vault }}
vault_key = {{ .key | quote }}
{{- with .sealedKey }}
vault_sealed_key = {{ . | quote }}
{{- end }}
vault_suite = {{ .suite | quote }}
vault_copies = "/var/lib/huiyin/copies"
{{- end }}
{{- if $service.recipientRules }}
recipient_rules = "/etc/huiyin/rules/recipient_rules.json"
{{- end }}
{{- with $service.webhooks }}
webhook_kept_days = {{ int .keptDays }}
{{- if .secretKey }}
webhook_key = "env:WEBHOOK_KEY"
{{- with .networks }}
webhook_networks = {{ join " " . | quote }}
{{- end }}
webhook_ports = {{ range $place, $port := .ports }}{{ if $place }} {{ else }}"{{ end }}{{ int $port }}{{ end }}"
{{- if .authorities }}
webhook_authorities = "/etc/huiyin/receivers/receivers.pem"
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Where the settings file is, and the secrets of one service, by the names the settings give them. Takes root and component. */}}
{{- define "huiyin.environment" -}}
{{- $service := get .root.Values.services .component -}}
- name: HUIYIN_SETTINGS
  value: /etc/huiyin/settings/{{ .component }}.toml
- name: DATABASE_URL
  valueFrom:
    secretKeyRef: { name: {{ $service.secret.name }}, key: {{ $service.secret.keys.databaseUrl }} }
{{- with $service.webhooks }}
{{- if .secretKey }}
- name: WEBHOOK_KEY
  valueFrom:
    secretKeyRef: { name: {{ $service.secret.name }}, key: {{ .secretKey }} }
{{- end }}
{{- end }}
{{- with .root.Values.streams.secret }}
{{- if .name }}
- name: STREAMS_URL
  valueFrom:
    secretKeyRef: { name: {{ .name }}, key: {{ .key }} }
{{- end }}
{{- end }}
{{- end -}}

{{- define "huiyin.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65534
runAsGroup: 65534
fsGroup: 65534
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "huiyin.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* One probe. Takes probe and page. A gRPC probe of Kubernetes shows no certificate, so it would not be let in. */}}
{{- define "huiyin.probe" -}}
httpGet: { path: {{ .page }}, port: metrics }
periodSeconds: {{ .probe.periodSeconds }}
timeoutSeconds: {{ .probe.timeoutSeconds }}
failureThreshold: {{ .probe.failureThreshold }}
{{- end -}}

{{/* Egress to the databases and DNS, which every pod needs. */}}
{{- define "huiyin.egress" -}}
- ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- with .Values.networkPolicy.egress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Annotations of what runs before an install or upgrade. Takes the weight: lower comes first. */}}
{{- define "huiyin.beforeRelease" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
