# libpqxx's own tests, compiled against Debian's libpqxx. Run in the root of libpqxx's source.
# Its own build files would build the library as well; what is wanted here is Debian's.
SOURCES := $(filter-out test/unit/runner.cxx,$(wildcard test/*.cxx test/unit/*.cxx))
OBJECTS := $(SOURCES:.cxx=.o)

runner: $(OBJECTS)
	$(CXX) -o $@ $^ -lpqxx -lpq

%.o: %.cxx
	$(CXX) -O0 -std=c++14 -w -Itest -I$(INCLUDE) -c -o $@ $<
