.PHONY: run test check bench faults

run test check bench faults:
	python3 dev.py $@
