"""`hpsearch init`: a search spec to begin with, with comments."""

from pathlib import Path

from hpsearch.cli.files import write_output
from hpsearch.errors import InvalidSettings

STARTER = """\
# A search spec. What is commented out has the value that it would have anyway, or is an example.
# Run it:  hpsearch run {file}        or on a server:  hpsearch submit {file}

name = "my first search"

# digits comes with hpsearch; mnist, fashion_mnist and cifar10 are downloaded when first asked for;
# your own images:  hpsearch datasets add NAME FILE
dataset = "digits"
# dataset = {{ name = "mnist", train_size = 7500 }}   # train on a part of it

# lenet5, simple_convnet, mlp and others, or an object with numbers of your own
network = "lenet5"

# Settings that are the same for all trials. Any of them can stand in [space] instead.
# optimizer = "sgd"       # momentum, nesterov, adagrad, rmsprop, adam
# batch_size = 100
epochs = 8                # what a trial of the last round may train
# seed = 0                # the same spec and seed find the same, to the bit

# sampler = "tpe"         # who proposes: random, qmc, gp
# pruner = "percentile"   # who ends weak trials early: none, median, successive_halving

# When the search is over; whichever comes first.
[budget]
trials = 40
# seconds = 3600
# target = 0.99           # of the objective

# From coarse to fine: how many rounds, which share of the trials the next one is drawn around.
# [rounds]
# count = 3
# keep = 0.1
# explore = 0.1

# What is searched. Without this table: the two below, from 0.001 to 1000.
[space.learning_rate]
type = "float"
low = 1e-3
high = 10.0
log = true

[space.weight_decay]
type = "float"
low = 1e-5
high = 1.0
log = true

# [space.optimizer]
# type = "categorical"
# choices = ["sgd", "momentum", "adam"]
"""


def write_starter(file: Path, force: bool) -> None:
    """Write it; raises InvalidSettings if something is there already, unless it is forced."""
    if file.exists() and not force:
        raise InvalidSettings(f"{file} is there already; --force writes over it")
    write_output(file, STARTER.format(file=file).encode())
