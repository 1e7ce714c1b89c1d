#include "CHwloc.h"

#include <hwloc.h>

/* What no core holds is a core by itself: its number is past those of the cores. */
static unsigned core_of(hwloc_topology_t topology, hwloc_obj_t unit) {
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, unit);
    int core_count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
    if (core) return core->logical_index;
    return (unsigned)(core_count > 0 ? core_count : 0) + unit->logical_index;
}

static long read_processors(
    hwloc_topology_t topology, CHwlocProcessor *processors, long capacity) {
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
    for (int i = 0; i < count && i < capacity; i++) {
        hwloc_obj_t unit = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, (unsigned)i);
        int domain = hwloc_bitmap_first(unit->nodeset);
        processors[i] = (CHwlocProcessor){
            .number = unit->os_index,
            .core = core_of(topology, unit),
            .domain = domain < 0 ? 0 : (unsigned)domain,
            .is_allowed = hwloc_bitmap_isset(allowed, unit->os_index),
        };
    }
    return count;
}

long chwloc_processors(CHwlocProcessor *processors, long capacity) {
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0) return -1;
    long count = -1;
    /* Ranks of one node may have control groups of their own, and all must see the same node. */
    if (hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) == 0
        && hwloc_topology_load(topology) == 0)
        count = read_processors(topology, processors, capacity);
    hwloc_topology_destroy(topology);
    return count;
}
