#!/busybox/sh
# The guest's first process: gives Picket the system it would find on a host, runs what /picket/run
# says, reports how that ended, and switches the machine off. Reports go to the second serial port, so that
# the kernel's messages on the first never cut a line in two.
/busybox/busybox mount -t devtmpfs dev /dev
/busybox/busybox stty -F /dev/ttyS1 raw -echo
exec </dev/null >/dev/ttyS1 2>&1
/busybox/busybox --install -s /busybox
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/busybox HOME=/root LANG=C.UTF-8

mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mkdir -p /run/lock /run/netns
ln -s /proc/self/fd /dev/fd
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
echo "PICKET-VM booted seconds=$(cut -d' ' -f1 /proc/uptime) linux=$(uname -r)"

case " $(cat /proc/cmdline) " in
*" picket.cgroup=hybrid "*)
    # As systemd does on hosts that still give controllers to cgroup v1.
    mount -t tmpfs cgroup /sys/fs/cgroup
    for controllers in unified cpu,cpuacct memory net_cls,net_prio; do
        mkdir /sys/fs/cgroup/$controllers
        case $controllers in
        unified) mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified ;;
        *) mount -t cgroup -o $controllers cgroup /sys/fs/cgroup/$controllers ;;
        esac
    done
    ;;
*) mount -t cgroup2 cgroup2 /sys/fs/cgroup ;;
esac

hostname guest
ip link set lo up
while read -r module; do
    reason=$(insmod "/picket/modules/$module.ko" 2>&1) ||
        echo "PICKET-TEST kind=machine name=module-$module result=failed reason=\"$reason\""
done </picket/modules/order

if [ -e /picket/shell ]; then
    # A person's session, on the first port; the machine stops when it ends.
    stty -F /dev/ttyS0 sane
    setsid cttyhack sh -l </dev/ttyS0 >/dev/ttyS0 2>&1
    code=$?
else
    /picket/run
    code=$?
fi
echo "PICKET-VM end exit=$code seconds=$(cut -d' ' -f1 /proc/uptime)"
sync
reboot -f
