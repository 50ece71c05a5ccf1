from tests.support.road import Road
from app.platform.kernel.actor import Role
def test_road(world):
    road = Road(lambda r: world.as_(Role(r)), str(world.session()))
    s, r, e = road.released()
    print(s, r, e)
    a = road.analysis(s)
    u = road.upload(a)
    print(u, world.runtime.jobs.run_until_idle())
    x = world.as_(Role.CHEMIST).get(f"/api/v1/uploads/{u}")
    print(x.json())
