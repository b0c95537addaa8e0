# Sourced by ./mvnw and ./smemv: finds or installs what they need. Says what it does, and is quick the second time.

say() { printf 'smemv: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# True when $1 is the home of a JDK 25 or later.
is_jdk25() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] &&
    [ "$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")" -ge 25 ] 2>/dev/null
}

find_jdk() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/*jdk* /opt/java/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*; do
    if [ -n "$home" ] && is_jdk25 "$home"; then
      printf '%s\n' "$home"
      return 0
    fi
  done
  return 1
}

apt_install() {
  [ "$(id -u)" = 0 ] || die "missing Debian packages: $*. Install them, or run this once as root."
  command -v apt-get >/dev/null || die "missing packages: $*. Only Debian's apt-get is known here: install them by hand."
  say "installing Debian packages: $*"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
    { apt-get update -qq >/dev/null 2>&1 || true
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; } ||
    die "apt-get could not install: $*. Run 'apt-get install $*' to see why."
}

setup_jdk() {
  local home
  home=$(find_jdk) || {
    apt_install openjdk-25-jdk-headless
    home=$(find_jdk) || die "no JDK 25 found: set JAVA_HOME to one."
  }
  export JAVA_HOME=$home
  export PATH="$JAVA_HOME/bin:$PATH"
}

setup_maven() {
  command -v mvn >/dev/null || apt_install maven
}
